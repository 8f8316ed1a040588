"""The venue without a network: envelopes in, answers and events out.

`Venue` checks who signed, spends the nonce, applies the action through the matching core, and lets
time do its work (hourly funding, scheduled cancels) whenever it is told to look at its clock. It
opens no socket, and it plays one perpetual exchange with cross margin only: no sub-accounts,
vaults, spot, trigger orders, modification, liquidation.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import Any

from venues.sandbox.hyperliquid.actions import wire
from venues.sandbox.hyperliquid.actions.nonces import NonceSet
from venues.sandbox.hyperliquid.actions.signature import action_hash, recover_signer
from venues.sandbox.hyperliquid.answers.views import placement_view
from venues.sandbox.hyperliquid.config import HOUSE_ADDRESS, Agent, Clock, SandboxConfig
from venues.sandbox.hyperliquid.ledger.account import (
    Account,
    account_value,
    reserved_initial,
)
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching import rules
from venues.sandbox.hyperliquid.matching.matching import Matching, Placement
from venues.sandbox.hyperliquid.number import to_scaled
from venues.sandbox.hyperliquid.order import (
    NO_ACTION_HASH,
    Event,
    FundingSettled,
    MarketMoved,
    Stamp,
)
from venues.sandbox.hyperliquid.scene.quotes import quotes

HOUR_MS = 3_600_000
_BPS = 10_000
_SCHEDULE_AHEAD_MIN_MS = 5_000


class Venue:
    """One exchange: markets, accounts, agents, and a clock it never reads on its own.

    Parameters
    ----------
    config : SandboxConfig
    clock : callable
        Returns milliseconds since the Unix epoch; asked once for each request and each `advance`.
    """

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.by_asset = tuple(Market(spec, i) for i, spec in enumerate(config.coins))
        self.markets: Mapping[str, Market] = {m.spec.name: m for m in self.by_asset}
        self.matching = Matching(self.markets, config.fees)
        self.agents: dict[str, Agent] = {}
        self.funding_residual = 0
        self.settled_rates: dict[tuple[str, int], Fraction] = {}
        self._nonces: dict[str, NonceSet] = {}
        self._quote_round = config.seed
        self._funding_due_ms = (clock() // HOUR_MS + 1) * HOUR_MS
        self.matching.account(HOUSE_ADDRESS).is_margined = False
        for funded in config.accounts:
            self.deposit(funded.address, funded.deposit_micro_usd)
        for agent in config.agents:
            self.register_agent(agent)
        for market in self.by_asset:
            self._quote(market, Fraction(market.oracle))
        self.drain()

    @property
    def accounts(self) -> Mapping[str, Account]:
        """Return every account that exists, by lower-case address."""
        return self.matching.accounts

    def drain(self) -> tuple[Event, ...]:
        """Return what happened since the last call, oldest first."""
        events = tuple(self.matching.events)
        self.matching.events.clear()
        return events

    # What the venue's users do.

    def exchange(self, body: object) -> dict[str, Any]:
        """Answer a `POST /exchange` body.

        Raises
        ------
        wire.MalformedError
            The body cannot be deserialised; nothing happened.
        """
        envelope = wire.envelope(body)
        now_ms = self.advance()
        if isinstance(envelope.action, wire.Unsupported):
            return _refused(f"Action {envelope.action.name} is not supported by this sandbox.")
        try:
            digest = action_hash(
                envelope.hashed,
                nonce=envelope.nonce,
                vault=None if envelope.vault is None else bytes.fromhex(envelope.vault[2:]),
                expires_after=envelope.expires_after,
            )
        except (OverflowError, ValueError):
            raise wire.MalformedError from None
        source = "a" if self.config.signs_as_mainnet else "b"
        signer = recover_signer(digest, envelope.signature, source=source)
        if signer is None:
            return _refused("Unable to recover signer.")
        account = self._actor(signer)
        complaint = self._complaint(envelope, signer, known=account is not None, now_ms=now_ms)
        if complaint is not None or account is None:
            return _refused(complaint or "")
        return self._apply(envelope.action, account, Stamp(now_ms, "0x" + digest.hex()))

    def _actor(self, signer: str) -> Account | None:
        agent = self.agents.get(signer)
        return self.accounts.get(signer if agent is None else agent.master)

    def _complaint(
        self, envelope: wire.Envelope, signer: str, *, known: bool, now_ms: int
    ) -> str | None:
        if not known:
            return f"User or API Wallet {signer} does not exist."
        if envelope.vault is not None:
            return f"Vault not registered: {envelope.vault}"
        nonces = self._nonces.setdefault(signer, NonceSet())
        complaint = nonces.take(envelope.nonce, now_ms=now_ms)
        if complaint is not None:
            return complaint
        expires_after = envelope.expires_after
        if expires_after is not None and expires_after < now_ms:
            return f"Action expired: expiresAfter {expires_after} is before {now_ms}."
        return None

    def _apply(self, action: wire.Action, account: Account, stamp: Stamp) -> dict[str, Any]:
        match action:
            case wire.PlaceOrders():
                return self._place_orders(action, account, stamp)
            case wire.CancelOrders():
                statuses = [self._cancel(t, account, stamp) for t in action.targets]
                return _accepted("cancel", statuses)
            case wire.UpdateLeverage():
                return self._update_leverage(action, account)
            case wire.ScheduleCancel():
                return _schedule_cancel(action, account, stamp.time_ms)
            case _:
                return _done()

    def _place_orders(
        self, action: wire.PlaceOrders, account: Account, stamp: Stamp
    ) -> dict[str, Any]:
        if not action.orders:
            return _refused("Batch must have at least one order.")
        if action.has_builder:
            return _refused("Builder fee has not been approved.")
        if any(request.asset >= len(self.by_asset) for request in action.orders):
            return _refused("Order has invalid asset.")
        for request in action.orders:
            error = rules.payload_error(request, self.by_asset[request.asset])
            if error is not None:
                return _accepted("order", [{"error": error}])
        statuses = []
        for request in action.orders:
            market = self.by_asset[request.asset]
            placed = self.matching.place(request, account, market=market, stamp=stamp)
            statuses.append(self._placement(placed, market))
        return _accepted("order", statuses)

    @staticmethod
    def _placement(placed: Placement, market: Market) -> dict[str, Any]:
        if placed.refusal is not None:
            return {"error": f"{placed.refusal.text} asset={market.asset}"}
        return placement_view(placed.order, market.spec, size=placed.size, notional=placed.notional)

    def _cancel(
        self, target: tuple[int, int | str], account: Account, stamp: Stamp
    ) -> str | dict[str, str]:
        asset, key = target
        oid = account.cloids.get(key) if isinstance(key, str) else key
        order = None if oid is None else account.open_orders.get(oid)
        if order is None or self.markets[order.coin].asset != asset:
            return {"error": f"{rules.MISSING_ORDER} asset={asset}"}
        self.matching.cancel(order, status="canceled", stamp=stamp)
        return "success"

    def _update_leverage(self, action: wire.UpdateLeverage, account: Account) -> dict[str, Any]:
        if action.asset >= len(self.by_asset):
            return _refused("Order has invalid asset.")
        if not action.is_cross:
            return _refused("Isolated margin is not supported by this sandbox.")
        market = self.by_asset[action.asset]
        coin = market.spec.name
        if not 1 <= action.leverage <= market.spec.max_leverage:
            return _refused("Invalid leverage value")
        previous = account.leverage_of(market)
        account.leverage[coin] = action.leverage
        short_of_margin = reserved_initial(account, self.markets) > account_value(
            account, self.markets
        )
        if action.leverage < previous and short_of_margin:
            account.leverage[coin] = previous
            return _refused("Cannot decrease leverage with open position.")
        return _done()

    # What time does.

    def advance(self) -> int:
        """Do everything that is due and return the current time in milliseconds."""
        now_ms = self.clock()
        for hour_ms in range(self._funding_due_ms, now_ms + 1, HOUR_MS):
            self._settle_funding(hour_ms)
            self._funding_due_ms = hour_ms + HOUR_MS
        for account in self.accounts.values():
            due = account.cancel_all_at_ms
            if due is not None and due <= now_ms:
                account.cancel_all_at_ms = None
                self._cancel_all(account, "scheduledCancel", Stamp(now_ms, NO_ACTION_HASH))
        return now_ms

    def _settle_funding(self, hour_ms: int) -> None:
        for coin, market in self.markets.items():
            self.settled_rates[coin, hour_ms] = market.funding_rate
        for account in self.accounts.values():
            for coin, position in account.positions.items():
                if position.size == 0:
                    continue
                market = self.markets[coin]
                # Rounded against the account; what the rounding leaves over belongs to the venue.
                paid = ceil(position.size * market.oracle * market.funding_rate)
                account.cash -= paid
                self.funding_residual += paid
                position.funding_all_time += paid
                position.funding_since_open += paid
                position.funding_since_change += paid
                settled = FundingSettled(
                    account=account.address,
                    coin=coin,
                    paid=paid,
                    size=position.size,
                    rate=market.funding_rate,
                    time_ms=hour_ms,
                )
                account.fundings.append(settled)
                self.matching.events.append(settled)

    def _cancel_all(self, account: Account, status: str, stamp: Stamp) -> None:
        for order in list(account.open_orders.values()):
            self.matching.cancel(order, status=status, stamp=stamp)

    # What the rehearsal's director does.

    def deposit(self, address: str, micro_usd: int) -> None:
        """Credit an account, opening it when it is new."""
        self.matching.account(wire.address(address)).cash += micro_usd

    def register_agent(self, agent: Agent) -> None:
        """Let a key trade for its master; a known key changes its master."""
        lowered = Agent(wire.address(agent.address), wire.address(agent.master), agent.name)
        self.agents[lowered.address] = lowered

    def set_oracle(self, coin: str, price_text: str) -> None:
        """Move the oracle price of a coin; the book stays."""
        market = self.markets[coin]
        price = to_scaled(price_text, market.spec.price_decimals)
        if not price:
            raise ValueError(
                f"px must be positive with at most {market.spec.price_decimals} decimals, "
                f"was {price_text!r}"
            )
        market.oracle = price
        self.matching.events.append(MarketMoved(coin))

    def set_funding_rate(self, coin: str, rate: Fraction) -> None:
        """Set the hourly funding rate of a coin, from the next settlement on."""
        self.markets[coin].funding_rate = rate
        self.matching.events.append(MarketMoved(coin))

    def shift_mid(self, coin: str, bps: int) -> None:
        """Requote the house around a mid moved by `bps`; resting orders in the way are traded."""
        market = self.markets[coin]
        self._requote(market, market.indicative() * Fraction(_BPS + bps, _BPS))

    def refresh_liquidity(self, coin: str) -> None:
        """Requote the house around the present mid, so that what was taken is there again."""
        market = self.markets[coin]
        self._requote(market, market.indicative())

    def _requote(self, market: Market, mid: Fraction) -> None:
        house = self.matching.account(HOUSE_ADDRESS)
        stamp = Stamp(self.advance(), NO_ACTION_HASH)
        for order in list(house.open_orders.values()):
            if order.coin == market.spec.name:
                self.matching.cancel(order, status="canceled", stamp=stamp)
        self._quote(market, mid)

    def _quote(self, market: Market, mid: Fraction) -> None:
        house = self.matching.account(HOUSE_ADDRESS)
        stamp = Stamp(self.clock(), NO_ACTION_HASH)
        for request in quotes(market, mid, self._quote_round):
            self.matching.place(request, house, market=market, stamp=stamp)


def _schedule_cancel(action: wire.ScheduleCancel, account: Account, now_ms: int) -> dict[str, Any]:
    time_ms = action.time_ms
    if time_ms is not None and time_ms < now_ms + _SCHEDULE_AHEAD_MIN_MS:
        return _refused("Scheduled cancel time must be at least 5 seconds in the future.")
    account.cancel_all_at_ms = time_ms
    return _done()


def _accepted(kind: str, statuses: list[Any]) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": statuses}}}


def _done() -> dict[str, Any]:
    return {"status": "ok", "response": {"type": "default"}}


def _refused(text: str) -> dict[str, Any]:
    return {"status": "err", "response": text}
