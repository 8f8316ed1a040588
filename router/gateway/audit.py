"""The record of who asked for what at a door: JSON lines, each chained to the one before.

A line holds its fields sorted, and last ``hash`` = SHA-256(hash of the line before || the bytes of
the line without its own hash); the first follows 32 zero bytes. Whoever changes, drops or adds a
line in the middle changes every hash after it. Lines cut off at the end leave no trace in the file:
keep its last hash somewhere else now and then, and have it looked for. The chain goes on from a
file that is full to the next (`audit_files`), so all of them must be there.

Refuses to repair: what does not hold stays as it is, for somebody to look at.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from router.custody.redaction import redact, redact_fields
from router.domain.error import RouterError
from router.domain.units import TimestampNs
from router.gateway import audit_files
from router.gateway.access import Principal

GENESIS: Final = bytes(32)
_SHOWN_MAX: Final = 500  # characters of a field
_LOOKED_AT_MAX: Final = 4_000
_TAIL_BYTES: Final = 1024 * 1024
_HASH_NAME: Final = b',"hash":"'
_HASH_BYTES: Final = 32
_END: Final = b'"}'


class AuditError(RouterError):
    """The record cannot be written, or does not hold."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody asked for, and what was decided.

    Attributes
    ----------
    action : str
        What, in a word of ours.
    decision : str
        ``allowed``, or why not, in a word that clients get, too.
    source : str
        The address it came from, as the socket says.
    request : str
        The request's own name or number.
    principal : Principal | None
        None where nobody has shown who they are.
    key : str
        What was said, where nobody has shown it.
    details : Mapping[str, str]
        What else tells one request from another: an order's name, a reason; no bodies.
    """

    action: str
    decision: str
    source: str
    request: str
    principal: Principal | None = None
    key: str = ""
    account: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    def fields(self, at: TimestampNs) -> dict[str, Any]:
        """Return it as a line's fields, cut short and without secrets."""
        who = self.principal
        said: dict[str, Any] = {
            "at": str(at),
            "action": self.action,
            "decision": self.decision,
            "source": self.source,
            "request": _shown(self.request),
            "key": _shown(self.key) if who is None else who.key,
            "client": "" if who is None else who.client,
            "roles": [] if who is None else list(who.roles),
            "account": _shown(self.account),
        }
        if self.details:
            details = {name: text[:_LOOKED_AT_MAX] for name, text in self.details.items()}
            said["details"] = {n: _cut(text) for n, text in redact_fields(details).items()}
        return said


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: how many lines there are, and the last hash."""

    count: int = 0
    digest: bytes = GENESIS


@dataclass(frozen=True, slots=True)
class Verified:
    """What a file comes to.

    Attributes
    ----------
    fault : str | None
        The first thing that does not hold; None where all does.
    torn_bytes : int
        Of a last line that was not written to its end, as a crash leaves it; the next start of
        the gateway cuts it off and says so in the record.
    has_expected : bool
        Whether a hash that was looked for is in the chain.
    """

    head: Head
    fault: str | None
    torn_bytes: int
    has_expected: bool


def audit_path(journal: Path, door: str) -> Path:
    """Return where a door's record is: beside the journal."""
    return journal.with_name(f"{journal.name}-audit-{door}")


def chained(fields: Mapping[str, Any], head: Head) -> tuple[bytes, Head]:
    """Return the line that follows a head, and the head then."""
    count = head.count + 1
    body = _canonical({**fields, "n": count})
    digest = hashlib.sha256(head.digest + body).digest()
    line = body[:-1] + _HASH_NAME + digest.hex().encode() + _END + b"\n"
    return line, Head(count, digest)


def read(path: Path, *, after: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the lines of a record as they are, without checking them; a torn last one is left out.

    Parameters
    ----------
    after : int
        The number of the line before the first one wanted.

    Raises
    ------
    AuditError
        If a line is no JSON object, or there is no such file.
    """
    for line in _lines(path, after=after):
        if line.endswith(b"\n"):
            yield _parsed(line)


def last_head(path: Path) -> tuple[Head, int]:
    """Return the head of a record and how many bytes of its own file are whole lines.

    Only the last line is looked at; where its own file has none yet, that of the last full one.

    Raises
    ------
    AuditError
        If the last whole line is not one of a chain.
    """
    head, whole_bytes = _head_of(path)
    if head is not None:
        return head, whole_bytes
    full = audit_files.full_files(path)
    if not full:
        return Head(), 0
    head, _ = _head_of(full[-1])
    if head is None or head.count != audit_files.last_number(full[-1]):
        raise AuditError(f"{full[-1]}: does not end with the line it is named for; verify it")
    return head, 0


def _head_of(path: Path) -> tuple[Head | None, int]:
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, io.SEEK_END) - _TAIL_BYTES)
            file.seek(start)
            tail = file.read()
    except OSError as error:
        raise AuditError(f"{path}: cannot be read ({error.strerror})") from error
    whole = tail[: tail.rfind(b"\n") + 1]
    if not whole:
        if start:
            raise AuditError(f"{path}: its last line is longer than any of ours; verify it")
        return None, 0
    fields = _parsed(whole.splitlines()[-1])
    try:
        head = Head(int(fields["n"]), bytes.fromhex(fields["hash"]))
    except (KeyError, ValueError, TypeError) as error:
        raise AuditError(f"{path}: its last line is damaged ({error}); verify it") from None
    return head, start + len(whole)


def verify(path: Path, *, expected: str | None = None) -> Verified:
    """Check every line of a record, in all of its files.

    Parameters
    ----------
    expected : str | None
        A hash in hex that was kept elsewhere, and must be in the chain.

    Raises
    ------
    AuditError
        If there is no such file, or it cannot be read.
    """
    head, torn, fault, has_expected = Head(), 0, None, expected is None
    for line in _lines(path):
        if torn:
            fault = f"line {head.count + 1} was not written to its end, and others follow"
            break
        if not line.endswith(b"\n"):
            torn = len(line)
            continue
        fault = _fault(line, head)
        if fault is not None:
            break
        head = Head(head.count + 1, _digest(line))
        has_expected = has_expected or head.digest.hex() == expected
    return Verified(head, fault, torn, has_expected)


def _fault(line: bytes, head: Head) -> str | None:
    number = head.count + 1
    try:
        fields = _parsed(line)
    except AuditError:
        return f"line {number} is no JSON object"
    fields.pop("hash", None)
    expected, _ = chained({k: v for k, v in fields.items() if k != "n"}, head)
    if fields.get("n") != number:
        return f"line {number} says that it is number {fields.get('n')}"
    if expected != line:
        return f"line {number} is not what its hash was made of, or does not follow the line before"
    return None


def _digest(line: bytes) -> bytes:
    tail = len(_END) + 1
    return bytes.fromhex(line[-tail - 2 * _HASH_BYTES : -tail].decode())


def _canonical(fields: Mapping[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise AuditError(f"a line is no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise AuditError("a line is no JSON object")
    return fields


def _lines(path: Path, *, after: int = 0) -> Iterator[bytes]:
    try:
        yield from audit_files.lines(path, after=after)
    except OSError as error:
        raise AuditError(f"{path}: cannot be read ({error.strerror})") from error


# Struck out before it is cut: half a key is a key's half.
def _shown(text: str) -> str:
    return _cut(redact(text[:_LOOKED_AT_MAX]))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "..."
