"""Asking a node what pools are and how they stand, so that one bad pool costs only itself.

Pools are asked together. Where that fails each is asked alone, to find out which of them it is: one
that reverts or answers nonsense. Any other error is the node's trouble, and is raised.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.error import MalformedDataError
from router.domain.market import AnyPoolSnapshot, PoolFeeChanged
from router.domain.units import InstrumentId
from router.port import Clock
from venues.evm.nodes.chain import Chain, at, revert_data
from venues.evm.state.roster import Followed
from venues.evm.state.session import Refreshed
from venues.evm.state.snapshot import Reading, identity_failure, portions
from venues.evm.state.token_reader import TokenReader
from venues.evm.words.multicall import ContractCall
from venues.evm.words.node import Header
from venues.transport.json_rpc import JsonRpcError

CALLS_AT_ONCE_MAX: Final = 2_000

Failures: TypeAlias = Mapping[InstrumentId, str]


@dataclass(frozen=True, slots=True)
class State:
    """Snapshots of the pools that could be read, and why the others could not."""

    snapshots: tuple[AnyPoolSnapshot, ...]
    failures: Failures


class PoolReader:
    """Reads pools through one connection."""

    def __init__(self, chain: Chain, tokens: TokenReader, clock: Clock) -> None:
        self._chain = chain
        self._tokens = tokens
        self._clock = clock

    async def state(self, pools: Sequence[Followed], header: Header) -> State:
        """Return the state of pools after a block, having checked those that never were.

        Raises
        ------
        JsonRpcError
            If the node cannot read that block.
        TransportError
            If it did not answer.
        """
        failures = await self._identify([each for each in pools if not each.is_identified], header)
        read = await self._snapshots([each for each in pools if each.id not in failures], header)
        return State(read.snapshots, {**failures, **read.failures})

    async def refreshed(
        self, pools: Sequence[Followed], header: Header
    ) -> tuple[list[Refreshed], Failures]:
        """Return what changes without a log, after a block; errors as in `state`.

        Of pools that do not follow from their logs that is all.
        """
        changes: list[Refreshed] = []

        async def read(part: Sequence[Followed]) -> Failures:
            calls = [call for pool in part for call in pool.refresh]
            answers = await self._read(calls, header)
            found, failures = _refreshed(part, answers, header=header)
            changes.extend(found)
            return failures

        failures = await _apart([each for each in pools if each.refresh], read)
        quoted = await self._snapshots([each for each in pools if not each.refresh], header)
        return [*changes, *quoted.snapshots], {**failures, **quoted.failures}

    async def _snapshots(self, pools: Sequence[Followed], header: Header) -> State:
        failures: dict[InstrumentId, str] = {}
        snapshots: list[AnyPoolSnapshot] = []

        async def read(part: Sequence[Followed]) -> Failures:
            reading = Reading(part)
            first = await self._read(reading.first_calls(), header)
            second = await self._read(reading.second_calls(first), header)
            now = self._clock.now()
            snapshots.extend(reading.snapshots(second, block=header.ref, received_at=now))
            return reading.failures

        for part in portions(pools):
            failures |= await _apart(part, read)
        return State(tuple(snapshots), failures)

    # A little at a time, so that each answer comes within its deadline.
    async def _read(self, calls: Sequence[ContractCall], header: Header) -> list[bytes]:
        answers: list[bytes] = []
        for start in range(0, len(calls), CALLS_AT_ONCE_MAX):
            some = calls[start : start + CALLS_AT_ONCE_MAX]
            answers += await self._chain.read(some, block=at(header.hash))
        return answers

    async def _identify(self, pools: Sequence[Followed], header: Header) -> dict[InstrumentId, str]:
        async def read(part: Sequence[Followed]) -> Failures:
            asked = {pool.id: pool.family.identity_calls(pool.setup) for pool in part}
            calls = [call for own in asked.values() for call in own]
            answers = await self._read(calls, header)
            shares = _shares(part, lambda pool: asked[pool.id], answers)
            reasons = ((pool.id, identity_failure(pool, own)) for pool, own in shares)
            return {name: reason for name, reason in reasons if reason is not None}

        failures = await _apart(pools, read)
        genuine = [each for each in pools if each.id not in failures]
        unsound = await self._tokens.unsound(genuine, header)
        for pool in genuine:
            reason = unsound.get(pool.setup.token0) or unsound.get(pool.setup.token1)
            pool.is_identified = reason is None
            if reason is not None:
                failures[pool.id] = reason
        return failures


def _refreshed(
    pools: Sequence[Followed], answers: Sequence[bytes], *, header: Header
) -> tuple[list[PoolFeeChanged], Failures]:
    changes: list[PoolFeeChanged] = []
    failures = {}
    for pool, own in _shares(pools, lambda pool: pool.refresh, answers):
        try:
            change = pool.family.refreshed(pool.setup, own, block=header.ref)
        except MalformedDataError as error:
            failures[pool.id] = str(error)
        else:
            changes.extend(() if change is None else (change,))
    return changes, failures


async def _apart(
    pools: Sequence[Followed], read: Callable[[Sequence[Followed]], Awaitable[Failures]]
) -> dict[InstrumentId, str]:
    if not pools:
        return {}
    with suppress(JsonRpcError, MalformedDataError):
        return dict(await read(pools))
    failures: dict[InstrumentId, str] = {}
    for pool in pools:
        try:
            failures |= await read([pool])
        except MalformedDataError as error:
            failures[pool.id] = str(error)
        except JsonRpcError as error:
            if revert_data(error) is None:
                raise
            failures[pool.id] = str(error)
    return failures


# The answers that belong to each pool, of which so many calls were made.
def _shares(
    pools: Sequence[Followed],
    calls: Callable[[Followed], Sequence[ContractCall]],
    answers: Sequence[bytes],
) -> Iterator[tuple[Followed, Sequence[bytes]]]:
    start = 0
    for pool in pools:
        end = start + len(calls(pool))
        yield pool, answers[start:end]
        start = end
