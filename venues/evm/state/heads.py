"""Following a chain by parent hashes: what continues it, and where branches part. Sans I/O.

Headers come in any order, twice, from void branches, or not at all; the one that is missing is
named, so that it can be asked for. Refuses to follow a branch that leaves the chain before what is
remembered: then only new snapshots help.
"""

import enum
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.error import MalformedDataError, SequenceGapError
from venues.evm.words.node import Header

REMEMBERED_MAX: Final = 256  # blocks before the head that a reorganisation may make void
GAP_MAX: Final = 2 * REMEMBERED_MAX  # blocks that may be added at once
ASIDE_MAX: Final = 2 * GAP_MAX  # headers learned that are not on the branch


class Standing(enum.Enum):
    """Where a header stands to the branch that is followed."""

    HEAD = "the head itself"
    PASSED = "on the branch, before the head"
    ASIDE = "known, and not on the branch"
    NEXT = "the child of the head, not known before"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Path:
    """The way from the head to another block: back to `ancestor`, then along `blocks`.

    Attributes
    ----------
    ancestor : Header
        The newest block that both branches have.
    blocks : tuple of Header
        What follows it, oldest first; empty where the chain only went back.
    is_reorganisation : bool
        Whether blocks after the ancestor become void.
    """

    ancestor: Header
    blocks: tuple[Header, ...]
    is_reorganisation: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """The header that has to be learned before a path is known."""

    number: int
    hash: str


Way: TypeAlias = Path | Missing


class HeadChain:
    """One branch of the chain, from a starting block on, and the headers seen beside it.

    The branch changes by `rewind` and `extend` only; everything else looks.
    """

    def __init__(self, start: Header) -> None:
        self._head = start
        self._branch = {start.hash: start}  # insertion order is block order
        self._aside: dict[str, Header] = {}

    @property
    def head(self) -> Header:
        """The newest block."""
        return self._head

    def standing(self, header: Header) -> Standing:
        """Tell where a header stands; changes nothing."""
        if header.hash == self._head.hash:
            return Standing.HEAD
        if header.hash in self._branch:
            return Standing.PASSED
        if header.hash in self._aside:
            return Standing.ASIDE
        return Standing.NEXT if header.parent_hash == self._head.hash else Standing.UNKNOWN

    def continues(self, header: Header) -> bool:
        """Tell whether a header follows the head, by headers that are all known."""
        step: Header | None = header
        for _ in range(GAP_MAX):
            if step is None or step.number <= self._head.number:
                return False
            if step.parent_hash == self._head.hash:
                return True
            step = self._aside.get(step.parent_hash)
        return False

    def on_branch(self, block_hash: str) -> Header | None:
        """Return a block of the branch, as far back as it is remembered."""
        return self._branch.get(block_hash)

    def learn(self, header: Header) -> None:
        """Remember a header, whatever branch it is on; the branch stays as it is."""
        if header.hash in self._branch:
            return
        self._aside[header.hash] = header
        if len(self._aside) > ASIDE_MAX:
            del self._aside[next(iter(self._aside))]

    def way(self, target: Header) -> Way:
        """Find the way from the head to a block.

        Raises
        ------
        SequenceGapError
            If it leaves the branch before what is remembered, or is too long.
        MalformedDataError
            If a header's number is not its parent's and one.
        """
        blocks: list[Header] = []
        step = target
        while step.hash not in self._branch:
            blocks.append(step)
            self._check_reach(target, step, count=len(blocks))
            number, parent_hash = step.number - 1, step.parent_hash
            parent = self._branch.get(parent_hash) or self._aside.get(parent_hash)
            if parent is None:
                return Missing(number, parent_hash)
            if parent.number != number:
                raise MalformedDataError(
                    f"block {step.number} names block {parent.number} as its parent"
                )
            step = parent
        ancestor = self._branch[step.hash]
        return Path(ancestor, tuple(reversed(blocks)), ancestor.hash != self._head.hash)

    def rewind(self, ancestor: Header) -> None:
        """Make a block of the branch its head; those after it become void."""
        assert ancestor.hash in self._branch, "only a block of the branch can become its head"
        while self._head.hash != ancestor.hash:
            _, void = self._branch.popitem()
            self._head = next(reversed(self._branch.values()))
            self.learn(void)

    def extend(self, block: Header) -> None:
        """Make the child of the head the new head."""
        assert block.parent_hash == self._head.hash, "only a child of the head continues it"
        self._aside.pop(block.hash, None)
        self._branch[block.hash] = block
        self._head = block
        if len(self._branch) > REMEMBERED_MAX + 1:
            del self._branch[next(iter(self._branch))]

    def _check_reach(self, target: Header, step: Header, *, count: int) -> None:
        oldest = next(iter(self._branch.values()))
        if count > GAP_MAX or step.number <= oldest.number:
            raise SequenceGapError(
                f"block {target.number} does not follow within {GAP_MAX} blocks from any of the "
                f"blocks {oldest.number} to {self._head.number} that are remembered"
            )
