"""The ways a signed transaction takes: every healthy node of ours, or relays that keep it private.

A transfer to ourselves, which cancels, goes both ways: a relay gives up what it holds for it and
may never have it mined, and the nonce has to be used up all the same.
"""

import asyncio

from router.domain.error import MalformedDataError
from router.domain.order import SignedChild
from venues.evm.nodes.chain import Chain
from venues.evm.nodes.endpoints import Endpoints
from venues.evm.spec import ChainConfig
from venues.evm.transactions.relay import Relay
from venues.evm.words.refusal import Offer, Refusal, merged
from venues.transport.error import NotDeliveredError, TransportError


class Sender:
    """Hands transactions over; sending one again has no second effect."""

    def __init__(self, config: ChainConfig, endpoints: Endpoints) -> None:
        within = config.request_timeout
        self._endpoints = endpoints
        self._relays = tuple(Relay(url, within=within) for url in config.relay_urls)

    def is_private(self, *, is_cancel: bool) -> bool:
        """Tell whether our own nodes do not get to see a transaction before it is mined."""
        return bool(self._relays) and not is_cancel

    async def offer(self, signed: SignedChild, *, is_cancel: bool) -> Offer:
        """Send a transaction by all its ways at once, and return what the answers amount to.

        Raises
        ------
        NotDeliveredError
            If it cannot have arrived anywhere.
        """
        failures: list[str] = []
        chains: tuple[Chain, ...] = ()
        if not self.is_private(is_cancel=is_cancel):
            try:
                chains = await self._endpoints.everyone()
            except NotDeliveredError as error:
                failures.append(str(error))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._to_node(chain, signed)) for chain in chains]
            tasks += [group.create_task(_to_relay(relay, signed)) for relay in self._relays]
        results = [task.result() for task in tasks]
        offers = [result for result in results if isinstance(result, Offer)]
        if not offers:
            failures += [str(result) for result in results]
            raise NotDeliveredError("; ".join(failures))
        return merged(offers)

    async def close(self) -> None:
        """Close the connections to relays; idempotent."""
        for relay in self._relays:
            await relay.close()

    async def _to_node(self, chain: Chain, signed: SignedChild) -> Offer | NotDeliveredError:
        try:
            return await chain.offer(signed.payload, transaction_hash=signed.reference)
        except TransportError as error:
            self._endpoints.note_failure(chain, str(error))
            if isinstance(error, NotDeliveredError):
                return error
            return Offer(Refusal.UNCLEAR, str(error))
        except MalformedDataError as error:
            return Offer(Refusal.UNCLEAR, str(error))


async def _to_relay(relay: Relay, signed: SignedChild) -> Offer | NotDeliveredError:
    try:
        return await relay.offer(signed.payload)
    except NotDeliveredError as error:
        return NotDeliveredError(f"{relay.name}: {error}")
