"""Reading the logs of one block fast: what `node.parse_log` gives, for those of our pools only.

Nearly all logs are written as every node writes them; one comparison tells. Any other is left to
`node.parse_log`, which knows all that is allowed and says what is wrong. Sans I/O.
"""

import re
from binascii import unhexlify
from collections.abc import Iterator
from typing import Any, Final

from router.domain.error import MalformedDataError
from venues.evm.state.roster import Followed, Roster
from venues.evm.words.node import Header, Log, parse_log

_TOPIC: Final = "0x[0-9a-f]{64}"
_TOPICS: Final = re.compile(rf"{_TOPIC}(?: {_TOPIC}){{0,3}}")


def read_logs(
    answer: object, header: Header, roster: Roster
) -> Iterator[tuple[Followed, Log | MalformedDataError]]:
    """Yield the logs of our pools, or what is wrong with one.

    Raises
    ------
    MalformedDataError
        If it is not a list of logs of the block, or one is malformed of which nobody can tell
        whose it is.
    """
    if not isinstance(answer, list):
        raise MalformedDataError(f"logs must be a list, was {answer!r:.80}")
    number = hex(header.number)
    for value in answer:
        try:
            log = _usual(value, header, number) or parse_log(value)
        except MalformedDataError as error:
            yield _owner_of_malformed(value, roster, error), error
            continue
        is_of_block = log.block_hash == header.hash and log.block_number == header.number
        if not is_of_block or log.removed:
            raise MalformedDataError(f"log {log.index} is not of block {header.number}")
        followed = roster.owner(log.address, log.topics)
        if followed is not None:
            yield followed, log


# Returns None for what is not written in the usual way.
def _usual(value: Any, header: Header, number: str) -> Log | None:  # noqa: ANN401 (JSON)
    try:
        topics, data, index = value["topics"], value["data"], value["logIndex"]
        is_usual = (
            value["blockHash"] == header.hash
            and value["blockNumber"] == number
            and value["removed"] is False
            and data[:2] == index[:2] == "0x"
            and _TOPICS.fullmatch(" ".join(topics)) is not None
        )
        if not is_usual:
            return None
        return Log(
            value["address"].lower(),
            tuple(topics),
            unhexlify(data[2:]),
            header.number,
            header.hash,
            int(index, 16),
            False,  # noqa: FBT003 - in place, as all of them, for this is done for every log
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


# A log that cannot be read is its pool's trouble where it can be told whose it is.
def _owner_of_malformed(value: object, roster: Roster, error: MalformedDataError) -> Followed:
    fields = value if isinstance(value, dict) else {}
    address, topics = fields.get("address"), fields.get("topics")
    if isinstance(address, str):
        words = topics if isinstance(topics, list) else []
        followed = roster.owner(address.lower(), tuple(str(word).lower() for word in words))
        if followed is not None:
            return followed
    raise error
