"""The documentation pages of the dialects: an OpenAPI 3.1 document made from the code, and Swagger UI to read and try
it.

Begin reading at ``apidocs.page``. ``apidocs.samples`` has a first request to copy. Not here: an API's operations (each
dialect's ``openapi`` or ``document`` module), and who may call them.
"""

from palomar.apidocs.document import Operation, Parameter, Reply, openapi_document
from palomar.apidocs.page import ApiPage

__all__ = ["ApiPage", "Operation", "Parameter", "Reply", "openapi_document"]
