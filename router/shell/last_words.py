"""What a process says when it ends by a fault, without secrets: tracebacks, libraries' complaints.

Core dumps are off: they hold every key. Refuses to hide a fault; the traceback is told in full.
"""

import contextlib
import logging
import resource
import sys
import threading
import traceback
from types import TracebackType

from typing_extensions import override

from router.custody.redaction import redact


def install() -> None:
    """Strike secrets out of whatever this process writes to standard error of its own accord.

    Hooks that somebody else has set stay.
    """
    sys.excepthook = _say
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _say_of_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _say_of_leftover
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Formatter("%(name)s: %(message)s"))
    with contextlib.suppress(OSError, ValueError):  # what is forbidden anyway
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


class _Formatter(logging.Formatter):
    """Strikes secrets out of a whole record, its traceback included."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _say(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    text = "".join(traceback.format_exception(kind, error, where))
    with contextlib.suppress(OSError, ValueError):  # broken pipe; closed file
        sys.stderr.write(redact(text))
        sys.stderr.flush()


def _say_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _say(args.exc_type, args.exc_value, args.exc_traceback)


def _say_of_leftover(args: "sys.UnraisableHookArgs") -> None:
    if args.exc_value is not None:
        _say(args.exc_type, args.exc_value, args.exc_traceback)
