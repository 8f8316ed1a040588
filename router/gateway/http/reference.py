"""The document as a page for people: plain HTML, nothing from elsewhere."""

from html import escape
from typing import Any

from router.gateway.http.openapi import Table

_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font:13px/1.4 monospace;background:#f3f3f3}pre{padding:.6rem;overflow:auto}"
    "h2{border-top:1px solid #ccc;padding-top:1rem}td,th{text-align:left;vertical-align:top;"
    "padding:.1rem .8rem .1rem 0}"
)


def page(document: Table) -> str:
    """Return the page."""
    info = document["info"]
    schemas = document["components"]["schemas"]
    parts = [
        f"<h2>{escape(method.upper())} <code>{escape(path)}</code></h2>{_told(operation, schemas)}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    title = escape(info["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title} {escape(info['version'])}</h1>"
        f"<p>{escape(info['description'])}</p>{''.join(parts)}</html>"
    )


def _told(operation: Table, schemas: Table) -> str:
    words = f"<p>{escape(operation['summary'])}. {escape(operation.get('description', ''))}</p>"
    asked = [
        (each["name"], f"{each['in']}, {_kind(each['schema'])}")
        for each in operation.get("parameters", [])
    ]
    answers = [(code, each["description"]) for code, each in operation["responses"].items()]
    return words + _rows(asked) + _body(operation, schemas) + _rows(answers)


def _body(operation: Table, schemas: Table) -> str:
    if "requestBody" not in operation:
        return ""
    (content,) = operation["requestBody"]["content"].values()
    schema = schemas[content["schema"]["$ref"].rsplit("/", 1)[-1]]
    required = schema.get("required", [])
    fields = [
        (f"{name} *" if name in required else name, _kind(each))
        for name, each in schema.get("properties", {}).items()
    ]
    return _rows(fields)


def _rows(rows: list[tuple[str, str]]) -> str:
    told = (f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in rows)
    return f"<table>{''.join(told)}</table>"


def _kind(schema: dict[str, Any]) -> str:
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    first = kinds[0]
    if "enum" in first:
        return " or ".join(str(each) for each in first["enum"])
    said = str(first.get("type", "object"))
    return " ".join(each for each in (said, str(first.get("pattern", ""))) if each)
