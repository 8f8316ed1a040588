"""An event on record, between the worlds before and after it."""

from dataclasses import dataclass

from router.domain.command import Command
from router.domain.event import Event
from router.state.world import World


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is known of one record of the journal.

    Attributes
    ----------
    sequence : int
        Its place in the journal, from 1.
    hash : bytes
        Its own, which stands for all before it too; empty of what is in no journal.
    """

    sequence: int
    before: World
    event: Event
    after: World
    commands: tuple[Command, ...]
    hash: bytes = b""
