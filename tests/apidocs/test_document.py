"""The OpenAPI document has all operations, with schemas made from their Structs."""

import json
from typing import Annotated, Any

from msgspec import Meta, Struct

from palomar.apidocs import Operation, Parameter, Reply, openapi_document


class Question(Struct, rename="camel"):
    """What is asked."""

    first_name: Annotated[str, Meta(max_length=5)]
    age: int | None = None


class Answer(Struct):
    questions: list[Question]


OPERATION = Operation(
    method="POST",
    path="/ask/{topic}",
    name="ask",
    tag="Asking",
    summary="Ask",
    description="More",
    parameters=(
        Parameter(name="topic", where="path", description="About what", example="stars"),
        Parameter(name="key", where="header", description="A secret", required=False, secret=True),
        Parameter(name="count", where="query", description="How many", schema=int),
    ),
    body=Question,
    body_example={"firstName": "Ada"},
    replies={
        200: Reply(description="Answered", body=list[Answer], example=[], headers={"X-Left": "Questions left"}),
        204: Reply(description="Nothing to say"),
        400: Reply(description="Not so", body=str, content_type="text/plain"),
    },
)
PUBLIC = Operation(
    method="GET", path="/ask/{topic}", name="look", tag="Asking", summary="Look", replies={}, public=True
)


def document() -> Any:
    octets = openapi_document(
        [OPERATION, PUBLIC],
        title="Questions",
        version="1",
        description="To be asked",
        servers=("/", "/api"),
        tags={"Asking": "All of it"},
        security={"basic": {"type": "http", "scheme": "basic"}},
    )
    return json.loads(octets)


def test_the_head_names_servers_groups_and_security_schemes() -> None:
    said = document()
    assert said["openapi"] == "3.1.0"
    assert said["info"] == {"title": "Questions", "version": "1", "description": "To be asked"}
    assert said["servers"] == [{"url": "/"}, {"url": "/api"}]
    assert said["tags"] == [{"name": "Asking", "description": "All of it"}]
    assert said["security"] == [{"basic": []}]
    assert said["components"]["securitySchemes"] == {"basic": {"type": "http", "scheme": "basic"}}


def test_bodies_are_schemas_of_their_structs_with_the_names_on_the_wire() -> None:
    said = document()
    question = said["components"]["schemas"]["Question"]
    assert question["required"] == ["firstName"]
    assert question["properties"]["firstName"] == {"type": "string", "maxLength": 5}
    asked = said["paths"]["/ask/{topic}"]["post"]["requestBody"]
    assert asked["required"] is True
    assert asked["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/Question"},
        "example": {"firstName": "Ada"},
    }


def test_replies_have_their_content_headers_and_examples() -> None:
    replies = document()["paths"]["/ask/{topic}"]["post"]["responses"]
    assert list(replies) == ["200", "204", "400"]
    assert replies["200"]["content"]["application/json"] == {
        "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Answer"}},
        "example": [],
    }
    assert replies["200"]["headers"] == {"X-Left": {"description": "Questions left", "schema": {"type": "string"}}}
    assert replies["204"] == {"description": "Nothing to say"}
    assert replies["400"]["content"] == {"text/plain": {"schema": {"type": "string"}}}


def test_parameters_have_their_place_and_secret_ones_are_hidden() -> None:
    parameters = document()["paths"]["/ask/{topic}"]["post"]["parameters"]
    assert parameters == [
        {
            "name": "topic",
            "in": "path",
            "description": "About what",
            "required": True,
            "schema": {"type": "string"},
            "example": "stars",
        },
        {
            "name": "key",
            "in": "header",
            "description": "A secret",
            "required": False,
            "schema": {"type": "string", "format": "password"},
        },
        {"name": "count", "in": "query", "description": "How many", "required": True, "schema": {"type": "integer"}},
    ]


def test_methods_of_one_path_share_an_entry_and_a_public_one_needs_no_credentials() -> None:
    path = document()["paths"]["/ask/{topic}"]
    assert set(path) == {"post", "get"}
    assert path["get"]["security"] == []
    assert "security" not in path["post"]
