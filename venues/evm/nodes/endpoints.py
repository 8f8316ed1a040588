"""The nodes a chain can be asked by: which of them is used, and which is not, and why.

The first endpoint of the configuration that is healthy is asked everything; a second one takes its
place when it breaks, falls behind or turns out to be of another chain. Where there are several, all
are looked at every few seconds. Refuses to choose between nodes that contradict each other about
blocks which no honest fork reaches: then nobody is asked until they agree.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from router.domain.error import MalformedDataError
from router.domain.units import NS_PER_S, DurationNs
from router.port import Clock
from venues.evm.nodes.chain import Chain
from venues.evm.nodes.link import Link, chain_of, contradiction
from venues.evm.spec import ChainConfig
from venues.evm.words.refusal import Refusal, classify
from venues.transport.error import NotDeliveredError, TransportError
from venues.transport.json_rpc import JsonRpcError

T = TypeVar("T")

SURVEY_EVERY: Final = DurationNs(2 * NS_PER_S)


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """How an endpoint does.

    Attributes
    ----------
    name : str
        Its host.
    problem : str
        Why it is not used; empty where it could be.
    failures_count : int
        Connections that broke or could not be had, and answers that did not come.
    latency : DurationNs | None
        Of its last answer to a look at its head.
    """

    name: str
    problem: str
    failures_count: int
    latency: DurationNs | None
    head_number: int | None


class Endpoints:
    """All endpoints of one chain; connects when first asked."""

    def __init__(self, config: ChainConfig, clock: Clock) -> None:
        assert config.ws_urls, "a chain has at least one endpoint"
        self._config = config
        self._clock = clock
        self._links = [Link(url, config, clock) for url in config.ws_urls]
        self._current: Link | None = None
        self._streams: WeakKeyDictionary[Chain, Link] = WeakKeyDictionary()
        self._contradiction: str | None = None
        self._choosing = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None
        self._is_closed = False

    async def connected(self) -> Chain:
        """Return the chain behind a healthy endpoint; the same one for as long as it is.

        Raises
        ------
        NotDeliveredError
            If there is none, or endpoints contradict each other: it says what is wrong with each.
        """
        link = self._ready()
        if link is None:
            async with self._choosing:
                link = self._ready() or await self._choose()
        return link.opened

    async def open(self) -> Chain:
        """Return a connection of its own to a healthy endpoint, for a stream; the caller closes it.

        Raises
        ------
        NotDeliveredError
            If there is none.
        """
        problem: TransportError = NotDeliveredError("no endpoint was tried")
        for _ in self._links:
            link = self._link_of(await self.connected())
            try:
                chain = await chain_of(link.url, self._config)
            except (TransportError, JsonRpcError, MalformedDataError) as error:
                problem = NotDeliveredError(f"{link.name}: {error}")
                link.note_failure(str(error))
            else:
                self._streams[chain] = link
                return chain
        raise problem

    async def ask(self, question: Callable[[Chain], Awaitable[T]]) -> T:
        """Ask what has no effect; where an endpoint fails, ask the next one, or connect again.

        Raises
        ------
        TransportError
            If none answered.
        JsonRpcError
            If the question itself was refused.
        """
        problem: TransportError | JsonRpcError = NotDeliveredError("no endpoint was tried")
        for _ in range(len(self._links) + 1):
            chain = await self.connected()
            try:
                return await question(chain)
            except TransportError as error:
                problem = error
            except JsonRpcError as error:
                if classify(error.message) is not Refusal.BEHIND:
                    raise
                problem = error
            self.note_failure(chain, str(problem))
        raise problem

    async def everyone(self) -> tuple[Chain, ...]:
        """Return all that are healthy, the one in use first.

        Raises
        ------
        NotDeliveredError
            If there is none.
        """
        first = await self.connected()
        others = [link.opened for link in self._usable()]
        return (first, *(chain for chain in others if chain is not first))

    def note_failure(self, chain: Chain, reason: str) -> None:
        """Be told that an endpoint failed, whichever of its connections it was on.

        Another is used, if one is healthy. The only one there is stays in use for questions while
        a stream of it fails.
        """
        for link in self._links:
            is_stream = self._streams.get(chain) is link and len(self._links) > 1
            if chain is link.chain or is_stream:
                link.note_failure(reason)

    def health(self) -> tuple[EndpointHealth, ...]:
        """Return how each endpoint does."""
        usable = self._usable()
        return tuple(
            EndpointHealth(
                name=link.name,
                problem="" if link in usable else self._problem_of(link),
                failures_count=link.failures_count,
                latency=link.latency,
                head_number=None if link.head is None else link.head.number,
            )
            for link in self._links
        )

    async def close(self) -> None:
        """Close all connections but those that `open` gave; idempotent."""
        self._is_closed = True
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
        for link in self._links:
            await link.close()

    def _ready(self) -> Link | None:
        link = self._current
        is_usable = self._contradiction is None and link in self._usable()
        return link if is_usable else None

    # Healthy when last looked at, and not further behind the best than is allowed.
    def _usable(self) -> list[Link]:
        best = max((link.head.number for link in self._links if link.head), default=0)
        lowest = best - self._config.head_lag_max
        return [link for link in self._links if link.head_if_open(lowest)]

    # One that did well a moment ago is taken at once; otherwise all are looked at.
    async def _choose(self) -> Link:
        if self._is_closed:
            raise NotDeliveredError("the endpoints are closed")
        if self._contradiction is None:
            for link in self._usable():
                if link is not self._current and await link.look():
                    self._current = link
                    return link
        await self._survey()
        if self._contradiction is not None:
            raise NotDeliveredError(self._contradiction)
        usable = self._usable()
        if not usable:
            problems = "; ".join(f"{link.name}: {self._problem_of(link)}" for link in self._links)
            raise NotDeliveredError(f"no endpoint can be used: {problems}")
        self._current = usable[0]
        if self._watcher is None and len(self._links) > 1:
            # It lives until `close`, and outlives the call that began it.
            self._watcher = asyncio.create_task(self._watch())
        return self._current

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(SURVEY_EVERY)
            await self._survey()

    async def _survey(self) -> None:
        async with asyncio.TaskGroup() as group:
            for link in self._links:
                group.create_task(link.look())
        usable = self._usable()
        found = [await contradiction(usable[0], other) for other in usable[1:]]
        self._contradiction = next(filter(None, found), None)

    def _problem_of(self, link: Link) -> str:
        if link.problem:
            return link.problem
        if link.head is None:
            return "not connected"
        return f"at block {link.head.number}, too far behind the others"

    def _link_of(self, chain: Chain) -> Link:
        return next(link for link in self._links if link.chain is chain)
