"""Secrets struck out of what is shown: by the name of a field, and by what they look like.

The last net, not the first: nobody should hand a secret to a log. 32 bytes in hex are taken for a
private key unless their name, or the word before them, says that they are a hash.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

STRUCK: Final = "[redacted]"
_DEPTH_MAX: Final = 12

_SECRET_NAMES: Final = re.compile(
    r"secret|password|passwd|passphrase|private[-_]?key|signing[-_]?key|agent[-_]?key|api[-_]?key"
    r"|authori[sz]ation|cookie|mnemonic|seed_?phrase|credential|bearer"
    r"|(?:auth|access|refresh|session|api)[-_]?token|(?:\A|[-_])(?:signature|jwt)\Z"
    r"|\A(?:554|925|96|raw_?data)\Z",
    re.IGNORECASE,
)
_PUBLIC_NAMES: Final = re.compile(
    r"(?:\A|_)(?:hash|hashes|head|transaction|digest|sha256|block|build|parent|ancestor|topic|pool"
    r"|config|state)\Z|_env\Z",
    re.IGNORECASE,
)

_PEM: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
    r".*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_JWT: Final = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
# Password, NewPassword and RawData of FIX, as on the wire or with something else for a separator.
_FIX_BEGINS: Final = r"(?:\A|[\x01|;\s\"']|\^A|\\x01|\\u0001)"
_FIX_RAW: Final = re.compile(rf"{_FIX_BEGINS}95=(\d{{1,6}})(?:[\x01|;\s]|\^A|\\x01|\\u0001)96=")
_FIX: Final = re.compile(
    rf"(?P<name>{_FIX_BEGINS}(?:554|925|96)=)(?:(?!\^A|\\x01|\\u0001)[^\x01|])*"
)
_VALUE: Final = r"(?:\"[^\"]*\"|'[^']*'|[^\s,;}\]]+)"
_HEADER: Final = re.compile(
    r"(?P<name>\b(?:(?:proxy-)?authorization|headrace-signature|(?:set-)?cookie|x-api-key"
    rf"|signature)\b[\"']?\s{{0,3}}[:=]\s{{0,3}})(?:(?:basic|bearer|digest|token) )?{_VALUE}",
    re.IGNORECASE,
)
_ASSIGNED: Final = re.compile(
    r"(?P<name>\b[\w-]{0,40}(?:secret|password|passphrase|private[-_]?key|signing[-_]?key|agent[-_]?key"
    rf"|api[-_]?key|mnemonic)\b[\"']?\s{{0,3}}[:=]\s{{0,3}}){_VALUE}",
    re.IGNORECASE,
)
_URL_USER: Final = re.compile(r"(?P<name>\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@]+@", re.IGNORECASE)
# The path of a node's URL is often its key.
_URL_KEY: Final = re.compile(
    r"(?P<name>\b(?:https?|wss?)://[^\s/\"']{1,255}(?:/[^\s/\"'?]{0,15}){0,8}/)[A-Za-z0-9_-]{20,}"
)
_URL_QUERY: Final = re.compile(
    r"(?P<name>[?&][\w-]{0,40}(?:key|token|secret|auth|sig)[\w-]{0,40}=)[^&\s\"']+", re.IGNORECASE
)
_BYTES_32: Final = re.compile(r"(?<![0-9A-Za-z])(?:0x)?[0-9a-fA-F]{64}(?![0-9A-Za-z])")
# What is said right before a hash, or after it; a key in the same breath makes it a key.
_BEFORE_CHARACTERS: Final = 40
_HASHES: Final = re.compile(
    r"\b(?:transaction|tx|hash|block|digest|sha-?256|topic|pool|root)\b", re.IGNORECASE
)
_KEYS: Final = re.compile(r"key|secret|private|seed|password|sign", re.IGNORECASE)
_MINED: Final = " was mined"
_MARKS: Final = re.compile(r"[=:]|eyJ|-----")  # one is in whatever the patterns of words find
_BYTES_32_DIGITS: Final = 64
_NAMED: Final = (_FIX, _HEADER, _ASSIGNED, _URL_USER, _URL_KEY, _URL_QUERY)


def redact(text: str) -> str:
    """Return a text without what looks like a secret."""
    if _is_plain(text):
        return text
    text = _without_words(text)
    return text if len(text) < _BYTES_32_DIGITS else _BYTES_32.sub(_unless_public, text)


def looks_secret(text: str) -> bool:
    """Tell whether a text holds a secret that cannot be anything else; digests can."""
    return _without_words(text) != text


def redact_field(name: str, value: object) -> Any:  # noqa: ANN401 - whatever was there
    """Return the value of a named field, with secrets struck out at any depth."""
    return _redacted(name, value, _DEPTH_MAX)


def redact_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with secrets struck out; names stay, unless they look like secrets."""
    return {redact(name): redact_field(name, value) for name, value in fields.items()}


def _redacted(name: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, bool):
        return value
    is_public, is_secret = _kind_of(name)
    if depth == 0 or is_secret:
        return STRUCK
    if (type(value) is str and _is_plain(value)) or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {redact(str(k)): _redacted(str(k), each, depth - 1) for k, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(name, each, depth - 1) for each in value]
    if isinstance(value, bytes | bytearray | memoryview):
        value = bytes(value).decode("utf-8", "backslashreplace")
    return _without_words(str(value)) if is_public else redact(str(value))


# The same few names come again and again.
@lru_cache(maxsize=1_024)
def _kind_of(name: str) -> tuple[bool, bool]:
    is_public = _PUBLIC_NAMES.search(name) is not None
    return is_public, not is_public and _SECRET_NAMES.search(name) is not None


# Most of what is shown: too short for a key, and without what a secret is introduced by.
def _is_plain(text: str) -> bool:
    return len(text) < _BYTES_32_DIGITS and _MARKS.search(text) is None


def _without_words(text: str) -> str:
    if _MARKS.search(text) is None:
        return text
    text = _JWT.sub(STRUCK, _PEM.sub(STRUCK, _without_raw_data(text)))
    for pattern in _NAMED:
        text = pattern.sub(rf"\g<name>{STRUCK}", text)
    return text


# Raw data may hold the separator itself: its length, which goes before it, says where it ends.
def _without_raw_data(text: str) -> str:
    kept: list[str] = []
    while (found := _FIX_RAW.search(text)) is not None:
        kept += (text[: found.end()], STRUCK)
        text = text[found.end() + int(found[1]) :]
    return "".join((*kept, text))


def _unless_public(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - _BEFORE_CHARACTERS) : found.start()]
    is_hash = _HASHES.search(before) is not None or found.string.startswith(_MINED, found.end())
    return found[0] if is_hash and _KEYS.search(before) is None else STRUCK
