"""What the owner of the account does by hand: approve the agent, move collateral.

Needs the account's own key for as long as it takes. Nothing that trades by itself imports this.
Refuses to retry: a request without an answer is the owner's to look into.
"""

from collections.abc import Callable
from typing import Final

from router.domain.error import ConfigError, InDoubtError, NotSentError, RejectedError
from router.domain.units import Amount, format_decimal
from router.port import Clock
from venues.hyperliquid import translate, wire
from venues.hyperliquid.clients.nonces import mark_of
from venues.hyperliquid.clients.reply import no_answer, read_action
from venues.hyperliquid.master import MasterRequest, MasterSigner
from venues.hyperliquid.master.requests import AGENT_DAYS_MAX, approve_agent, usd_class_transfer
from venues.hyperliquid.signing import AgentSigner
from venues.hyperliquid.spec import COLLATERAL_DECIMALS, VENUE, HyperliquidConfig
from venues.transport.error import TransportError
from venues.transport.http import HttpClient, HttpReply

AGENT_NAME: Final = "headrace"
_MS_PER_DAY: Final = 86_400_000


class AccountOwner:
    """The account's own key, at one deployment of the venue.

    Raises
    ------
    ConfigError
        If the key is not that of the configured account.
    """

    def __init__(self, config: HyperliquidConfig, clock: Clock, key: str) -> None:
        self._config = config
        self._clock = clock
        self._signer = MasterSigner(key, is_mainnet=config.is_mainnet)
        if self._signer.address != config.address:
            raise ConfigError(
                f"account: the key given is that of {self._signer.address}, the configuration says"
                f" {config.address}: give the account's own key"
            )

    async def approve_agent(self, *, days: int) -> str:
        """Let the configured agent's key trade for the account for so many days."""
        if not 1 <= days <= AGENT_DAYS_MAX:
            raise NotSentError(VENUE, f"days must be 1 to {AGENT_DAYS_MAX}, was {days}")
        agent = AgentSigner(self._config.agent_key, is_mainnet=self._config.is_mainnet).address
        mark = mark_of(self._config, agent)
        if mark is not None and mark.read():
            raise NotSentError(
                VENUE,
                f"{agent} has signed before, and what it signed could be sent again once it is"
                " approved anew: make a new key for the agent",
            )

        def request(nonce: int) -> MasterRequest:
            until = nonce + days * _MS_PER_DAY
            return approve_agent(agent, name=AGENT_NAME, nonce=nonce, valid_until_ms=until)

        await self._send(request)
        return f"{agent} may trade for {self._config.address} for {days} days, and not withdraw"

    async def move_collateral(self, amount: Amount, *, to_perp: bool) -> str:
        """Move collateral between the spot balance and the perpetual one of what is traded for."""
        collateral, sub_account = self._config.collateral, self._config.sub_account
        if amount.asset != collateral.id:
            raise ConfigError(f"asset: the collateral is {collateral.id}, was {amount.asset}")
        await self._send(
            lambda nonce: usd_class_transfer(
                micro_usd=amount.atoms, to_perp=to_perp, nonce=nonce, sub_account=sub_account
            )
        )
        shown = format_decimal(amount.atoms, COLLATERAL_DECIMALS)
        where = "perpetual" if to_perp else "spot"
        whose = self._config.trading_address
        return f"{shown} {collateral.id} moved to the {where} balance of {whose}"

    async def _send(self, request: Callable[[int], MasterRequest]) -> None:
        asked = request(self._clock.now() // translate.NS_PER_MS)
        body = wire.envelope(
            asked.as_action(is_mainnet=self._config.is_mainnet),
            self._signer.sign(asked).as_wire(),
            nonce=asked.nonce,
            expires_after_ms=None,
        )
        try:
            refused = read_action(await self._post(body), wire.read_done)
        except InDoubtError as error:
            words = f"{asked.action} may have happened: look at the account before you ask again"
            raise InDoubtError(VENUE, f"{words}: {error}") from error
        if refused is not None:
            raise RejectedError(VENUE, f"{asked.action}: {refused.text}")

    async def _post(self, body: bytes) -> HttpReply:
        http = HttpClient(self._config.base_url)
        try:
            return await http.post_json(
                "/exchange", body, within=self._config.timing.request_timeout
            )
        except TransportError as error:
            raise no_answer(error) from error
        finally:
            await http.close()
