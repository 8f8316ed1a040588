"""Following a chain by parent hashes: whether a head continues what is known, or breaks it.

Refuses to repair: a gap or a reorganisation is an error, and the answer to it is a new snapshot.
"""

from typing import Final

from router.domain.error import SequenceGapError
from router.domain.market import BlockRef

REMEMBERED_MAX: Final = 64


class HeadChain:
    """The newest block and the hashes of those before it, from a starting block on."""

    def __init__(self, start: BlockRef) -> None:
        self._start = start
        self._head = start
        # Insertion order is block order, so the first key is the oldest.
        self._known = dict.fromkeys((start.parent_hash, start.hash))

    @property
    def head(self) -> BlockRef:
        """The newest block."""
        return self._head

    def advance(self, block: BlockRef) -> bool:
        """Accept the next block; False if it is known already.

        Raises
        ------
        SequenceGapError
            If it is not the child of the head: blocks are missing, or the chain was reorganised.
        """
        if block.hash in self._known:
            return False
        if self._predates_start(block):
            return False
        if block.number > self._head.number + 1:
            raise SequenceGapError(
                f"block {block.number} came after block {self._head.number}: heads are missing"
            )
        if block.parent_hash != self._head.hash:
            raise SequenceGapError(
                f"block {block.number} does not continue block {self._head.number}: "
                "the chain was reorganised"
            )
        self._head = block
        self._known[block.hash] = None
        if len(self._known) > REMEMBERED_MAX:
            del self._known[next(iter(self._known))]
        return True

    # Until the first new block, heads that were announced before the start may still arrive.
    def _predates_start(self, block: BlockRef) -> bool:
        return self._head is self._start and block.number < self._start.number - 1
