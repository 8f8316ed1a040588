"""Logs: one function per event, and nothing else imports structlog.

The journal is the truth, these lines are for eyes. Keys, signatures and raw payloads are never
logged, and what looks like one is struck out. Written as JSON lines to standard error.
"""

import contextlib
import fcntl
import logging
import os
import select
import stat
import sys
import termios
from typing import Final

import structlog

from router.custody.redaction import redact_fields
from router.domain.units import ChildId, InstrumentId, ParentId, VenueId

_LEFT_OUT: Final = '{{"event": "lines_left_out", "level": "warning", "count": {}}}\n'
_log = structlog.stdlib.get_logger("headrace")
_QUIET = tuple(
    structlog.make_filtering_bound_logger(level) for level in (logging.WARNING, logging.CRITICAL)
)


def configure(*, verbose: bool) -> None:
    """Send log lines to standard error; warnings and worse unless `verbose`."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_secrets,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.INFO if verbose else logging.WARNING
        ),
        logger_factory=lambda *_: _Lines(),
        cache_logger_on_first_use=False,
    )


def be_silent() -> None:
    """Log nothing: for commands whose answer says all there is to say."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.ReturnLoggerFactory(),
    )


# Asked before what is told of every order: putting a line together costs more than the question.
def _tells_all() -> bool:
    return structlog.get_config()["wrapper_class"] not in _QUIET


# Nothing that renders a value may come after it, but the last.
def _without_secrets(
    _logger: object, _method: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return redact_fields(fields)


class _Lines:
    """Writes lines to standard error as it is now; a reader that has gone, or rests, stops nothing.

    A line for which a pipe has no room is left out; how many were is said once it has.
    """

    _left_out = 0

    def msg(self, message: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # broken pipe; closed file
            line = message + "\n"
            if _Lines._left_out:
                line = _LEFT_OUT.format(_Lines._left_out) + line
            if _has_room(line):
                sys.stderr.write(line)
                sys.stderr.flush()
                _Lines._left_out = 0
            else:
                _Lines._left_out += 1

    debug = info = warning = error = critical = msg


# A pipe that nobody reads would hold up whoever writes to it, and the whole desk with it. One that
# is ready has room for so many bytes; what is longer waits for one in which nothing is left.
def _has_room(line: str) -> bool:
    try:
        number = sys.stderr.fileno()
    except OSError:  # no file at all
        return True
    mode = os.fstat(number).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return True
    if not select.select((), (number,), (), 0)[1]:
        return False
    unread = int.from_bytes(fcntl.ioctl(number, termios.FIONREAD, bytes(4)), sys.byteorder)
    return len(line.encode()) <= select.PIPE_BUF or not unread


def event_recorded(kind: str, *, sequence: int, commands_count: int) -> None:
    """Record that an event is durable."""
    if _tells_all():
        _log.info("event_recorded", kind=kind, sequence=sequence, commands_count=commands_count)


def gateway_noted(gateway: str, subject: str, *, message: str) -> None:
    """Record what is worth knowing of a gateway's peers: who came, went or was turned away."""
    _log.info("gateway_noted", gateway=gateway, subject=subject, message=message)


def stream_lost(venue: VenueId, *, reason: str) -> None:
    """Record that what a venue told is stale until its next snapshot."""
    _log.warning("stream_lost", venue=venue, reason=reason)


def venue_warned(venue: VenueId, *, message: str) -> None:
    """Record that somebody should see to something at a venue."""
    _log.warning("venue_warned", venue=venue, message=message)


def child_unresolved(child: ChildId, *, reason: str, attempts_count: int) -> None:
    """Record that a venue could not be asked what became of a child; it is asked again."""
    _log.warning("child_unresolved", child_id=child, reason=reason, attempts_count=attempts_count)


def child_unreplaced(child: ChildId, *, reason: str) -> None:
    """Record that no replacement could be signed; the transaction as it is may still be mined."""
    _log.warning("child_unreplaced", child_id=child, reason=reason)


def pool_quarantined(instrument: InstrumentId, *, reason: str) -> None:
    """Record that a pool is not used until its next snapshot; the others are not concerned."""
    _log.error("pool_quarantined", instrument=instrument, reason=reason)


def chain_reorganised(venue: VenueId, *, ancestor_number: int) -> None:
    """Record that the blocks after one are void."""
    _log.warning("chain_reorganised", venue=venue, ancestor_number=ancestor_number)


def account_unreadable(*, reason: str) -> None:
    """Record that balances could not be read; they are read again."""
    _log.warning("account_unreadable", reason=reason)


def checkpoint_unused(path: str, *, reason: str) -> None:
    """Record that a checkpoint was of no use; the journal is replayed instead."""
    _log.warning("checkpoint_unused", path=path, reason=reason)


def reports_unkept(*, reason: str) -> None:
    """Record that reports are not kept on disk; older ones are made again from the journal."""
    _log.warning("reports_unkept", reason=reason)


def alarm_raised(message: str) -> None:
    """Record that something does not add up; somebody must act now."""
    _log.error("alarm_raised", message=message)


def limits_read(*, changed: str) -> None:
    """Record that limits were read anew, and which are other than they were."""
    _log.warning("limits_read", changed=changed)


def parent_order_told(parent: ParentId, *, status: str, message: str) -> None:
    """Record that a parent was accepted or has ended."""
    if _tells_all():
        _log.info("parent_order_told", parent_id=parent, status=status, message=message)


def switch_set(scope: str, *, state: str, by: str, reason: str) -> None:
    """Record that somebody changed what may be traded."""
    _log.warning("switch_set", scope=scope, state=state, by=by, reason=reason)


def switches_unsaved(*, reason: str) -> None:
    """Record that what is switched holds in memory and is not in its file."""
    _log.error("switches_unsaved", reason=reason)
