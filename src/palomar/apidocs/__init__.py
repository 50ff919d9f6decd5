"""Pages that show an API and try it out: an OpenAPI 3.1 document made from the code, and Swagger UI to read it.

Not here: what an API's operations are (each dialect's ``document``), and who may call them.
"""

from palomar.apidocs.document import Operation, Parameter, Reply, openapi_document
from palomar.apidocs.page import ApiPage

__all__ = ["ApiPage", "Operation", "Parameter", "Reply", "openapi_document"]
