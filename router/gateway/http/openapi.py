"""The API's document, OpenAPI 3.1, made from the table of routes and the models that check.

Nothing is written twice: what is not in the table is not in the document, and the other way round.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from router.gateway.http import problems
from router.gateway.http.answers import LiveAnswer, ProblemAnswer, ReadyAnswer
from router.gateway.http.routes import PARAMETERS, PREFIX, ROUTES, STREAM, Route
from router.gateway.link import Code

VERSION: Final = "1.0.0"
_JSON: Final = "application/json"
_REF: Final = "#/components/schemas/{model}"
_SIGNED: Final = (
    "Headrace-Key",
    "Headrace-Timestamp",
    "Headrace-Nonce",
    "Headrace-Signature",
)
_ALWAYS: Final = (
    *("malformed", "unauthenticated", "forbidden", "method_not_allowed", "timeout"),
    *("too_large", Code.INVALID, "throttled", Code.INTERNAL, Code.BUSY, Code.DEGRADED, Code.AWAY),
)
_ABOUT: Final = (
    "Money and quantities are decimal strings, and so is a whole number of more than 53 bits, which"
    " not every language holds. Every answer has the header X-Request-Id, which"
    " problems repeat as `instance`. Every request is signed: the headers Headrace-Key,"
    " Headrace-Timestamp (ms), Headrace-Nonce (never the same twice) and Headrace-Signature, which"
    " is base64 of Ed25519 or HMAC-SHA256 over the lines HEADRACE1, key, timestamp, nonce, method,"
    " path with query, and the hexadecimal SHA-256 of the body, joined by line feeds. A request"
    " whose outcome is not known is sent again by the same name: it is done once."
)

Table: TypeAlias = dict[str, Any]


def document(routes: Iterable[Route] = ROUTES) -> Table:
    """Return the document."""
    routes = tuple(routes)
    paths: dict[str, Table] = {}
    for route in routes:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Headrace", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{name: [] for name in _SIGNED}],
        "paths": {**paths, **_plain_paths()},
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": {
                **{n: {"type": "apiKey", "in": "header", "name": n} for n in _SIGNED},
                "mutualTLS": {"type": "mutualTLS"},
            },
        },
    }


def _operation(route: Route) -> Table:
    told: Table = {
        "operationId": route.operation,
        "summary": route.summary,
        "description": _needs(route),
        "parameters": [*_in_path(route), *_in_query(route), *_in_header(route)],
        "responses": _responses(route),
    }
    if route.body is not None:
        told["requestBody"] = {
            "required": any(each.is_required() for each in route.body.model_fields.values()),
            "content": {_JSON: {"schema": _ref(route.body), "example": dict(route.example)}},
        }
    return told


def _needs(route: Route) -> str:
    return "Any key." if route.permission is None else f"Needs the permission {route.permission}."


def _in_path(route: Route) -> list[Table]:
    named = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": PARAMETERS[name]},
        }
        for name in named
    ]


def _in_query(route: Route) -> list[Table]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(each)}
        for name, each in schema.get("properties", {}).items()
    ]


# A parameter that is absent is absent: there is no way to write null behind a question mark.
def _without_null(schema: Table) -> Table:
    kinds = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
    if not kinds:
        return schema
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**rest, **kinds[0]}


def _in_header(route: Route) -> list[Table]:
    if route.method != "POST":
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "The same key with the same body is done once; with another it is 409.",
            "schema": {"type": "string", "pattern": PARAMETERS["name"]},
        }
    ]


def _responses(route: Route) -> Table:
    good = {str(status): _content(route.answer, route.summary) for status in route.statuses}
    found_by_name = ("not_found",) if "{" in route.path else ()
    media = ("unsupported_media",) if route.body is not None else ()
    once = (Code.DUPLICATE, Code.PENDING) if route.method == "POST" else ()
    return {**good, **_problems((*_ALWAYS, *route.errors, *found_by_name, *media, *once))}


def _problems(codes: Iterable[str]) -> Table:
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(problems.KINDS[code].status, []).append(code)
    return {
        str(status): {
            "description": f"{problems.KINDS[same[0]].title}. Codes: {', '.join(sorted(same))}",
            "content": {problems.CONTENT_TYPE: {"schema": _ref(ProblemAnswer)}},
        }
        for status, same in sorted(by_status.items())
    }


def _content(model: type[BaseModel], description: str) -> Table:
    return {"description": description, "content": {_JSON: {"schema": _ref(model)}}}


def _ref(model: type[BaseModel]) -> Table:
    return {"$ref": _REF.format(model=model.__name__)}


def _schemas(routes: tuple[Route, ...]) -> Table:
    bodies = {route.body for route in routes if route.body is not None}
    answers = {route.answer for route in routes}
    always = (ProblemAnswer, LiveAnswer, ReadyAnswer)
    both: list[type[BaseModel]] = sorted(
        (*bodies, *answers, *always), key=lambda model: model.__name__
    )
    _, schema = models_json_schema([(model, "validation") for model in both], ref_template=_REF)
    defined: Table = schema["$defs"]
    return defined


def _plain_paths() -> Table:
    open_to_all: list[Table] = []
    ready = {"200": _content(ReadyAnswer, "It takes orders"), **_problems(("not_ready",))}
    return {
        "/live": {
            "get": {
                "operationId": "live",
                "summary": "Say whether the gateway runs",
                "security": open_to_all,
                "responses": {"200": _content(LiveAnswer, "It runs")},
            }
        },
        "/ready": {
            "get": {
                "operationId": "ready",
                "summary": "Say whether the desk takes orders",
                "security": open_to_all,
                "responses": ready,
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "document",
                "summary": "This document",
                "security": open_to_all,
                "responses": {
                    "200": {
                        "description": "This document",
                        "content": {_JSON: {"schema": {"type": "object"}}},
                    }
                },
            }
        },
        STREAM: {
            "get": {
                "operationId": "stream",
                "summary": "Open the WebSocket",
                "description": "An upgrade; signed, or its first message authenticates.",
                "responses": {
                    "101": {"description": "The stream is open"},
                    **_problems(("malformed", "unauthenticated", "forbidden", "throttled", "busy")),
                },
            }
        },
    }
