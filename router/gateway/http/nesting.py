"""How deep JSON is nested: told before anything reads it."""

from typing import Final

DEPTH_MAX: Final = 32
_QUOTE: Final = ord('"')
_ESCAPE: Final = ord("\\")
_OPEN: Final = frozenset(b"{[")
_CLOSE: Final = frozenset(b"}]")


def is_too_deep(body: bytes, depth_max: int = DEPTH_MAX) -> bool:
    """Tell whether brackets outside of strings are open deeper than that.

    Cost: one count where the body has few brackets, as orders have; else one pass.
    """
    if body.count(b"{") + body.count(b"[") <= depth_max:
        return False
    depth, is_text, is_escaped = 0, False, False
    for byte in body:
        if is_text:
            is_text = is_escaped or byte != _QUOTE
            is_escaped = not is_escaped and byte == _ESCAPE
        elif byte == _QUOTE:
            is_text = True
        elif byte in _OPEN:
            depth += 1
            if depth > depth_max:
                return True
        elif byte in _CLOSE:
            depth -= 1
    return False
