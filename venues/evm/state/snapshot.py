"""Reading many pools of many families in two rounds of contract calls, all of one block. Sans I/O.

The caller makes the calls. A pool whose answers make no sense fails alone, with the reason.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from router.domain.error import ConfigError, MalformedDataError
from router.domain.market import AnyPoolSnapshot, BlockRef
from router.domain.units import InstrumentId, TimestampNs
from venues.evm.state.roster import Followed
from venues.evm.words.multicall import ContractCall

CALLS_MAX: Final = 8_000  # of one reading: a few megabytes of answers


class Reading:
    """The state of some pools at one block: which calls to make, and what the answers say.

    Attributes
    ----------
    failures : dict
        The pools that cannot be read, and why.
    """

    def __init__(self, pools: Sequence[Followed]) -> None:
        self.failures: dict[InstrumentId, str] = {}
        self._pools = [(pool, pool.family.first_calls(pool.setup)) for pool in pools]

    def first_calls(self) -> list[ContractCall]:
        """Return the calls of the first round."""
        return [call for _, calls in self._pools for call in calls]

    def second_calls(self, first: Sequence[bytes]) -> list[ContractCall]:
        """Return the calls of the second round, which depend on the first."""
        self._first = dict(self._answers(first))
        self._second = {}
        for pool, _ in self._pools:
            try:
                calls = pool.family.second_calls(pool.setup, self._first[pool.id])
            except MalformedDataError as error:
                self.failures[pool.id] = str(error)
            else:
                self._second[pool.id] = calls
        return [call for calls in self._second.values() for call in calls]

    def snapshots(
        self, second: Sequence[bytes], *, block: BlockRef, received_at: TimestampNs
    ) -> list[AnyPoolSnapshot]:
        """Assemble the state of every pool that can be read."""
        done, start = [], 0
        for pool, _ in self._pools:
            if pool.id in self.failures:
                continue
            end = start + len(self._second[pool.id])
            try:
                snapshot = pool.family.snapshot(
                    pool.setup,
                    self._first[pool.id],
                    second[start:end],
                    block=block,
                    received_at=received_at,
                )
            except MalformedDataError as error:
                self.failures[pool.id] = str(error)
            else:
                done.append(snapshot)
            start = end
        return done

    def _answers(self, first: Sequence[bytes]) -> Iterator[tuple[InstrumentId, Sequence[bytes]]]:
        start = 0
        for pool, calls in self._pools:
            yield pool.id, first[start : start + len(calls)]
            start += len(calls)


def identity_failure(pool: Followed, answers: Sequence[bytes]) -> str | None:
    """Return what a pool is not that the configuration says it is; None where they agree."""
    if not answers[0]:
        return f"there is no pool at {pool.setup.emitter}; correct the address"
    try:
        pool.family.check_identity(pool.setup, answers)
    except (ConfigError, MalformedDataError) as error:
        return str(error)
    return None


def portions(pools: Sequence[Followed]) -> Iterator[list[Followed]]:
    """Divide pools so that each part takes at most `CALLS_MAX` calls, if one pool does."""
    part: list[Followed] = []
    count = 0
    for pool in pools:
        calls_count = len(pool.family.first_calls(pool.setup))
        if part and count + calls_count > CALLS_MAX:
            yield part
            part, count = [], 0
        part.append(pool)
        count += calls_count
    if part:
        yield part
