"""Private ways into a block: endpoints that take signed transactions and show them to nobody.

A relay is asked nothing but to take the bytes. What becomes of them is seen on our own node: a
relay may keep a transaction, pass it on, or swallow it, and what it says proves neither.

References
----------
Flashbots Protect and MEV Blocker: eth_sendRawTransaction over HTTPS, no batches. A transfer to
ourselves of the same nonce makes them give a transaction up; it may never be mined itself.
"""

from router.domain.units import DurationNs
from venues.evm.words.refusal import Offer, Refusal, classify
from venues.transport.error import NotDeliveredError, TransportError
from venues.transport.json_rpc import JsonRpcError
from venues.transport.json_rpc_http import JsonRpcHttp
from venues.transport.url import host_of


class Relay:
    """One relay, by its URL."""

    def __init__(self, url: str, *, within: DurationNs) -> None:
        self._url = url
        self._within = within
        self._rpc: JsonRpcHttp | None = None  # made inside the event loop that uses it

    @property
    def name(self) -> str:
        """Its host."""
        return host_of(self._url)

    async def offer(self, raw: str) -> Offer:
        """Hand over a signed transaction; doing it again has no second effect.

        No answer of a relay proves that the transaction is not on its way.

        Raises
        ------
        NotDeliveredError
            If it could not be reached.
        """
        if self._rpc is None:
            self._rpc = JsonRpcHttp(self._url)
        try:
            await self._rpc.request("eth_sendRawTransaction", raw, within=self._within)
        except JsonRpcError as error:
            refusal = classify(error.message)
            is_settled = refusal in {Refusal.KNOWN, Refusal.NONCE_USED}
            return Offer(refusal if is_settled else Refusal.UNCLEAR, f"{self.name}: {error}")
        except NotDeliveredError:
            raise
        except TransportError as error:
            return Offer(Refusal.UNCLEAR, f"{self.name}: {error}")
        return Offer(Refusal.KNOWN, "")

    async def close(self) -> None:
        """Close the connections; idempotent."""
        if self._rpc is not None:
            await self._rpc.close()
            self._rpc = None
