import jsonschema_rs
import pytest

from router.gateway.access import Permission
from router.gateway.http.openapi import document
from router.gateway.http.problems import KINDS
from router.gateway.http.reference import page
from router.gateway.http.routes import PREFIX, ROUTES
from router.gateway.signing import HEADERS

DOCUMENT = document()
OPEN = {"/live", "/ready", "/openapi.json", f"{PREFIX}/stream"}


def operations():
    return {
        (method.upper(), path): operation
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }


def references(part):
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_route_is_in_the_document_and_the_other_way_round():
    told = {key for key in operations() if key[1] not in OPEN}

    assert told == {(route.method, PREFIX + route.path) for route in ROUTES}


def test_every_operation_has_its_own_name():
    names = [operation["operationId"] for operation in operations().values()]

    assert len(names) == len(set(names))


def test_every_reference_is_resolved():
    schemas = DOCUMENT["components"]["schemas"]

    missing = {
        ref
        for ref in references(DOCUMENT)
        if ref.removeprefix("#/components/schemas/") not in schemas
    }

    assert missing == set()


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_one(name):
    schema = {**DOCUMENT["components"]["schemas"][name], "components": DOCUMENT["components"]}

    jsonschema_rs.meta.validate(schema)


@pytest.mark.parametrize("route", [r for r in ROUTES if r.body], ids=lambda r: r.operation)
def test_every_example_is_a_request_by_the_schema_and_by_the_model(route):
    operation = operations()[route.method, PREFIX + route.path]
    content = operation["requestBody"]["content"]["application/json"]
    schema = {**content["schema"], "components": DOCUMENT["components"]}

    jsonschema_rs.Draft202012Validator(schema).validate(content["example"])
    route.body.model_validate(content["example"], strict=False)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.operation)
def test_every_operation_says_what_it_may_refuse(route):
    told = operations()[route.method, PREFIX + route.path]["responses"]

    codes = {"unauthenticated", "throttled", "invalid", "away", *route.errors}
    assert {str(KINDS[code].status) for code in codes} <= set(told)
    assert all(str(status) in told for status in route.statuses)


def test_every_path_says_what_stands_in_its_braces():
    for (_, path), operation in operations().items():
        named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        told = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert named == told


def test_a_query_parameter_is_never_null():
    for operation in operations().values():
        for each in operation.get("parameters", ()):
            assert "anyOf" not in each["schema"], each


def test_the_headers_of_a_signature_are_those_that_are_checked():
    schemes = DOCUMENT["components"]["securitySchemes"]

    assert set(HEADERS.values()) == set(schemes) - {"mutualTLS"}
    assert DOCUMENT["security"] == [{name: [] for name in HEADERS.values()}]


def test_every_permission_is_needed_for_something():
    needed = {route.permission for route in ROUTES}

    # Whether a switch loosens is seen in what it is set to.
    assert set(Permission) - needed == {Permission.RESUME}


def test_what_changes_something_is_a_post_and_nothing_else_is():
    reads = {P for P in Permission if P.endswith("_read")}

    for route in ROUTES:
        is_read = route.permission is None or route.permission in reads
        assert is_read == (route.method == "GET"), route.operation


def test_the_page_tells_of_every_path_and_loads_nothing():
    text = page(DOCUMENT)

    assert all(path in text for path in DOCUMENT["paths"])
    assert "src=" not in text
    assert "href=" not in text
    assert "<script" not in text
