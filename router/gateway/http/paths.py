"""Which route a path is: a tree of segments, made once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from router.gateway.http.routes import PARAMETERS, PREFIX, Route

_PATTERNS: Final = {name: re.compile(pattern[:-1] + r"\Z") for name, pattern in PARAMETERS.items()}


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    parameters: dict[str, "_Node"] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The methods of a path, and what stands in it for the names in braces."""

    routes: dict[str, Route]
    path: dict[str, str]

    @property
    def allow(self) -> str:
        """The methods, as the header says them."""
        return ", ".join(sorted(self.routes))


class Paths:
    """All paths of a table of routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._plain: dict[str, Found] = {}
        self._tree = _Node()
        for route in routes:
            path = PREFIX + route.path
            if "{" in path:
                self._grow(path, route)
            else:
                self._plain.setdefault(path, Found({}, {})).routes[route.method] = route

    def find(self, path: str, method: str) -> Found | None:
        """Return what a path is, with the method if it has it; None where there is no such path.

        A name in a path that cannot be a name is no path either. What a plain path lacks a pattern
        may have: ``POST /orders/cancel`` stands beside ``GET /orders/{name}``.
        """
        plain = self._plain.get(path)
        if plain is not None and method in plain.routes:
            return plain
        matched = self._match(path)
        if matched is not None and (plain is None or method in matched.routes):
            return matched
        return plain

    def _match(self, path: str) -> Found | None:
        found: dict[str, str] = {}
        node = self._tree
        for segment in path.split("/"):
            child = node.children.get(segment)
            if child is None:
                named = _parameter(node, segment)
                if named is None:
                    return None
                name, child = named
                found[name] = segment
            node = child
        return Found(node.routes, found) if node.routes else None

    def _grow(self, path: str, route: Route) -> None:
        node = self._tree
        for segment in path.split("/"):
            if segment.startswith("{"):
                node = node.parameters.setdefault(segment[1:-1], _Node())
            else:
                node = node.children.setdefault(segment, _Node())
        node.routes[route.method] = route


def _parameter(node: _Node, segment: str) -> tuple[str, _Node] | None:
    for name, child in node.parameters.items():
        if _PATTERNS[name].match(segment):
            return name, child
    return None
