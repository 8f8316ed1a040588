"""JSON as all clients can read it: a whole number that not every language can hold is a string.

Many hold numbers in 53 bits and round what is larger without a word.
"""

from typing import Any, Final

import orjson

_HELD_MAX: Final = 2**53 - 1


def encode(data: object) -> bytes:
    """Return JSON; whole numbers of more than 53 bits are decimal strings."""
    try:
        return orjson.dumps(data, option=orjson.OPT_STRICT_INTEGER)
    except TypeError:  # it holds one
        return orjson.dumps(_held(data))


def _held(data: Any) -> Any:  # noqa: ANN401 - whatever JSON says
    if isinstance(data, dict):
        return {name: _held(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_held(value) for value in data]
    if isinstance(data, int) and not isinstance(data, bool) and abs(data) > _HELD_MAX:
        return str(data)
    return data
