"""Whether a log has the form that its first topic promises."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from router.domain.error import MalformedDataError
from venues.evm.words.node import Log

_MODULUS: Final = 1 << 256
_HALF: Final = 1 << 255


def malformed(log: Log, reason: str) -> MalformedDataError:
    """Return the error that says which log it is about."""
    return MalformedDataError(
        f"log {log.index} of {log.address} in block {log.block_number}: {reason}"
    )


def check_form(log: Log, *, topics: int, size: int) -> None:
    """Count topics and bytes.

    Raises
    ------
    MalformedDataError
        If there are more or fewer.
    """
    if len(log.topics) != topics or len(log.data) != size:
        raise malformed(
            log,
            f"it must have {topics} topics and {size} bytes, "
            f"was {len(log.topics)} and {len(log.data)}",
        )


@contextmanager
def naming(log: Log) -> Iterator[None]:
    """Make an error of decoding say which log it is about."""
    try:
        yield
    except MalformedDataError as error:
        raise malformed(log, str(error)) from None


def signed_topic(topic: str) -> int:
    """Return the signed integer of a topic, which is known to be 32 bytes in hex."""
    number = int(topic, 16)
    return number - _MODULUS if number >= _HALF else number
