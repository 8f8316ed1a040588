"""RLP of one flat list of byte strings, as in a transaction. Refuses nesting but for empty lists.

Strict, as nodes are: every length in its shortest form, nothing left over.

References
----------
Ethereum yellow paper, appendix B.
"""

from typing import Final

from router.domain.error import MalformedDataError

_STRING: Final = 0x80
_LONG_STRING: Final = 0xB7
_LIST: Final = 0xC0
_LONG_LIST: Final = 0xF7
_EMPTY_LIST: Final = b"\xc0"


def decode_list(encoded: bytes) -> list[bytes]:
    """Return the strings of a list; an empty list inside counts as an empty string.

    Raises
    ------
    MalformedDataError
        If it is no such list.
    """
    if not encoded or encoded[0] < _LIST:
        raise MalformedDataError("RLP: must begin as a list")
    start, end = _span(encoded, 0, short=_LIST, long=_LONG_LIST)
    if end != len(encoded):
        raise MalformedDataError(f"RLP: the list ends after {end} of {len(encoded)} bytes")
    items = []
    while start < end:
        item, start = _item(encoded, start)
        items.append(item)
    return items


def decode_number(item: bytes) -> int:
    """Return the number a string stands for.

    Raises
    ------
    MalformedDataError
        If it begins with a zero, which no number does.
    """
    if item[:1] == b"\x00":
        raise MalformedDataError(f"RLP: a number must not begin with zero, was 0x{item.hex()}")
    return int.from_bytes(item, "big")


# The string at a place, and the place behind it.
def _item(encoded: bytes, start: int) -> tuple[bytes, int]:
    first = encoded[start]
    if first < _STRING:
        return encoded[start : start + 1], start + 1
    if encoded[start : start + 1] == _EMPTY_LIST:
        return b"", start + 1
    if first >= _LIST:
        raise MalformedDataError("RLP: a list inside the list must be empty")
    begin, end = _span(encoded, start, short=_STRING, long=_LONG_STRING)
    item = encoded[begin:end]
    if len(item) == 1 and item[0] < _STRING:
        raise MalformedDataError("RLP: a small byte must stand for itself")
    return item, end


# Where the content that a prefix announces begins and ends.
def _span(encoded: bytes, start: int, *, short: int, long: int) -> tuple[int, int]:
    first = encoded[start]
    begin, length = start + 1, first - short
    if first > long:
        begin += first - long
        digits = encoded[start + 1 : begin]
        length = decode_number(digits)
        if length <= long - short:
            raise MalformedDataError("RLP: a length must have its shortest form")
    if begin + length > len(encoded):
        raise MalformedDataError("RLP: the bytes end too early")
    return begin, begin + length
