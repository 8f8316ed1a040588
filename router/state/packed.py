"""A value that is kept as bytes until somebody looks at it."""

from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Packed(Generic[V]):
    """Bytes of a value, and how to read them; read once."""

    __slots__ = ("_data", "_read", "_value")

    def __init__(self, data: bytes, read: Callable[[bytes], V]) -> None:
        self._data: bytes | None = data
        self._read = read
        self._value: V

    def value(self) -> V:
        """Return the value."""
        if self._data is not None:
            self._value, self._data = self._read(self._data), None
        return self._value
