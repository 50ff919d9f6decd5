"""Builds an OpenAPI 3.1 document from operations whose bodies are msgspec Structs, so that schemas and code stay equal.

Sources: OpenAPI Specification 3.1.0; its schemas are JSON Schema 2020-12, which is what msgspec writes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of an operation, beside its body. ``secret``: browsers hide what is typed."""

    name: str
    where: str
    """``query``, ``path`` or ``header``."""
    description: str
    schema: type = str
    required: bool = True
    secret: bool = False
    example: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer of one status. ``body`` is a type that msgspec can describe; None if the body has no schema."""

    description: str
    body: object = None
    example: object = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Descriptions by name; all values are strings."""
    otherwise: Mapping[str, str] = field(default_factory=dict)
    """Examples by content type, for the other types that the answer may have; they have no schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. ``name`` is its name in generated clients; ``public``: it needs no credentials."""

    method: str
    path: str
    name: str
    tag: str
    summary: str
    replies: Mapping[int, Reply]
    description: str = ""
    parameters: Sequence[Parameter] = ()
    body: object = None
    body_example: object = None
    public: bool = False


def openapi_document(
    operations: Sequence[Operation],
    *,
    title: str,
    version: str,
    description: str,
    servers: Sequence[str],
    tags: Mapping[str, str],
    security: Mapping[str, JsonObject],
) -> bytes:
    """Return the document as JSON.

    ``servers`` are URLs, relative ones too; ``tags`` are the groups' descriptions by name, in order; ``security`` are
    the security schemes by name: an operation that is not public accepts any one of them.
    """
    bodies = list(_bodies(operations))
    shapes, components = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    schemas = dict(zip(map(_key, bodies), shapes, strict=True))
    paths: dict[str, JsonObject] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    document: JsonObject = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "servers": [{"url": url} for url in servers],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "security": [{name: []} for name in security],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": dict(security)},
    }
    return _encode(document)


_encode: Final = msgspec.json.Encoder().encode


def _bodies(operations: Sequence[Operation]) -> Iterator[object]:
    for operation in operations:
        candidates = [operation.body, *(reply.body for reply in operation.replies.values())]
        candidates += [parameter.schema for parameter in operation.parameters]
        yield from (body for body in candidates if body is not None)


def _key(body: object) -> str:
    """Return a key for a type. Two ``list[X]`` are different objects, but have the same ``repr``."""
    return repr(body)


def _operation(operation: Operation, schemas: Mapping[str, JsonObject]) -> JsonObject:
    written: JsonObject = {"operationId": operation.name, "tags": [operation.tag], "summary": operation.summary}
    if operation.description:
        written["description"] = operation.description
    if operation.parameters:
        written["parameters"] = [_parameter(parameter, schemas) for parameter in operation.parameters]
    if operation.body is not None:
        content = _content("application/json", schemas[_key(operation.body)], operation.body_example)
        written["requestBody"] = {"required": True, "content": content}
    written["responses"] = {str(status): _reply(reply, schemas) for status, reply in operation.replies.items()}
    if operation.public:
        written["security"] = []
    return written


def _parameter(parameter: Parameter, schemas: Mapping[str, JsonObject]) -> JsonObject:
    schema = dict(schemas[_key(parameter.schema)])
    if parameter.secret:
        schema["format"] = "password"
    written: JsonObject = {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.description,
        "required": parameter.required,
        "schema": schema,
    }
    if parameter.example is not None:
        written["example"] = parameter.example
    return written


def _reply(reply: Reply, schemas: Mapping[str, JsonObject]) -> JsonObject:
    written: JsonObject = {"description": reply.description}
    if reply.headers:
        written["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in reply.headers.items()
        }
    if reply.body is not None:
        others: JsonObject = {content_type: {"example": example} for content_type, example in reply.otherwise.items()}
        written["content"] = _content(reply.content_type, schemas[_key(reply.body)], reply.example) | others
    return written


def _content(content_type: str, schema: JsonObject, example: object) -> JsonObject:
    media: JsonObject = {"schema": schema}
    if example is not None:
        media["example"] = example
    return {content_type: media}
