"""Expected errors as one line and exit code 2; anything else is a bug and shows its traceback."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

import typer

from router.custody.redaction import redact
from router.domain.error import RouterError
from router.shell import last_words

P = ParamSpec("P")

EXIT_BAD_INPUT = 2


def guarded(verb: Callable[P, None]) -> Callable[P, None]:
    """Wrap a verb. A decorator, because every verb must end the same way."""

    @functools.wraps(verb)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        last_words.install()
        try:
            verb(*args, **kwargs)
        except RouterError as error:
            fail(str(error))
        except ExceptionGroup as group:
            # Parts that ran together report together; the first expected error is the story.
            expected, rest = group.split(RouterError)
            if rest is not None or expected is None:
                raise
            fail(str(_first(expected)))

    return wrapped


def fail(message: str) -> None:
    """Say what is wrong in one line on standard error and exit with code 2."""
    sys.stderr.write(f"error: {' '.join(redact(message).split())}\n")
    raise typer.Exit(EXIT_BAD_INPUT)


def _first(group: BaseExceptionGroup[RouterError]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
