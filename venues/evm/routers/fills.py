"""What a child's transaction did, from its receipt's own logs. Refuses what does not fit together.

Each pool's swap is told by the pool, with two exceptions. A V2 pair counts what others gave it as
ours: there the transfers to and from it are taken. A hook of V4 may change amounts after the pool
has told them: such a pool did what remains of the account's own transfers. Those must agree with
the sum of all legs.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument
from router.domain.order import ChildOrder, Fill
from router.domain.plan import Leg
from router.domain.units import Amount, AssetId, InstrumentId, Side, TimestampNs
from venues.evm.pools.family import Dialect, Family, PoolSetup, SwapSeen
from venues.evm.routers.pool_swap import Passage, passage
from venues.evm.spec import ChainConfig
from venues.evm.words import abi
from venues.evm.words.node import Log, Receipt

TRANSFER: Final = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
_TRANSFER_TOPICS: Final = 3  # with an indexed amount it would be another token standard's


@dataclass(frozen=True, slots=True)
class _Transfer:
    token: str
    sender: str
    recipient: str
    atoms: int


@dataclass(frozen=True, slots=True)
class _Trade:
    """What one pool, or several, took and gave; and the last log that says so."""

    paid: int
    received: int
    log_index: int


@dataclass(frozen=True, slots=True)
class _LegDone:
    """A leg's trade, and what the account received beside it."""

    leg: Leg
    way: Passage
    trade: _Trade
    residue: tuple[Amount, ...]

    def and_received(self, more: Iterable[Amount]) -> "_LegDone":
        """Return the leg with more received beside it, one amount an asset."""
        total: dict[AssetId, int] = {}
        for amount in (*self.residue, *more):
            total[amount.asset] = total.get(amount.asset, 0) + amount.atoms
        residue = tuple(Amount(asset, atoms) for asset, atoms in total.items() if atoms)
        return replace(self, residue=residue)


def fills(
    child: ChildOrder,
    receipt: Receipt,
    *,
    pools: Mapping[InstrumentId, PoolSetup],
    families: Mapping[str, Family],
    config: ChainConfig,
    at_venue: TimestampNs,
) -> tuple[Fill, ...]:
    """Return what each leg of a child paid and received in a transaction that succeeded.

    Raises
    ------
    MalformedDataError
        If a pool has not exactly one swap of ours, or one that goes another way or pays somebody
        else; or if the account's own transfers say that it paid more or received less.
    """
    reading = _Reading(receipt, config, pools=pools, families=families)
    read = [reading.leg(leg) for leg in child.legs]
    done = [_exactly(each) for each in reading.corrected(read)]
    done[0] = done[0].and_received(reading.beyond(done))
    return tuple(_fill(child, each, name=receipt.hash, at=at_venue) for each in done)


def _fill(child: ChildOrder, done: _LegDone, *, name: str, at: TimestampNs) -> Fill:
    quantity, notional = done.trade.paid, done.trade.received
    if done.leg.side is Side.BUY:
        quantity, notional = notional, quantity
    instrument = done.leg.instrument
    return Fill(
        id=f"{name}:{done.trade.log_index}",
        child=child.id,
        instrument=instrument.id,
        quantity=Amount(instrument.base.id, quantity),
        notional=Amount(instrument.quote.id, notional),
        fee=Amount(instrument.quote.id, 0),
        at_venue=at,
        residue=done.residue,
    )


# The router pays a V2 pair the rounded price of an exact output and takes what that buys, a little
# more than was asked for: the account has it, and the order does not count it.
def _exactly(done: _LegDone) -> _LegDone:
    wanted = done.way.received
    more = done.trade.received - wanted.atoms
    if done.way.is_exact_in or more <= 0:
        return done
    exact = replace(done, trade=replace(done.trade, received=wanted.atoms))
    return exact.and_received([Amount(wanted.asset, more)])


class _Reading:
    """A receipt, read with what is known of the pools and the account."""

    def __init__(
        self,
        receipt: Receipt,
        config: ChainConfig,
        *,
        pools: Mapping[InstrumentId, PoolSetup],
        families: Mapping[str, Family],
    ) -> None:
        self._receipt = receipt
        self._config = config
        self._pools = pools
        self._families = families
        self._account = config.address.lower()
        tokens = {token.address.lower() for token in config.tokens.values()}
        self._transfers = tuple(_transfers(receipt.logs, tokens))

    def leg(self, leg: Leg) -> _LegDone:
        """Return what a leg did: in one pool, or over all hops of a route."""
        way = passage(leg)
        if not leg.hops:
            trade = self._trade(leg.instrument, way.paid.asset, recipient=self._account)
            return _LegDone(leg, way, trade, ())
        router = self._router(leg.instrument)
        flows: dict[AssetId, int] = {}
        log_index = 0
        for hop in leg.hops:
            paid, received = hop.paid.asset, hop.received.asset
            recipient = self._account if received == way.received.asset else router
            done = self._trade(hop.instrument, paid, recipient=recipient)
            flows[paid] = flows.get(paid, 0) - done.paid
            flows[received] = flows.get(received, 0) + done.received
            log_index = max(log_index, done.log_index)
        trade = _Trade(-flows.pop(way.paid.asset), flows.pop(way.received.asset), log_index)
        # More than came in on the way can only be what somebody had left in the router.
        left = [Amount(asset, max(atoms, 0)) for asset, atoms in flows.items()]
        return _LegDone(leg, way, trade, ()).and_received(left)

    def corrected(self, done: Sequence[_LegDone]) -> list[_LegDone]:
        """Put what the account's transfers leave for it in place of what a hook may have changed.

        A child has at most one such leg.
        """
        hooked = [each for each in done if not self._is_replayable(each.leg)]
        if not hooked:
            return list(done)
        (one,) = hooked
        others = [each for each in done if each is not one]
        spent = -self._account_change(one.way.paid.asset)
        received = self._account_change(one.way.received.asset)
        trade = _Trade(
            paid=spent - sum(each.trade.paid for each in others),
            received=received - sum(each.trade.received for each in others),
            log_index=one.trade.log_index,
        )
        if min(trade.paid, trade.received) <= 0:
            raise MalformedDataError(f"nothing is left for {one.way.name}: {spent} for {received}")
        return [replace(one, trade=trade) if each is one else each for each in done]

    def beyond(self, done: Sequence[_LegDone]) -> tuple[Amount, ...]:
        """Return what the account itself received beyond the sum of all legs.

        Raises
        ------
        MalformedDataError
            If it paid more than they say, or received less, of any token.
        """
        owed = dict.fromkeys(self._config.tokens, 0)
        for each in done:
            for asset, atoms in (
                (each.way.paid.asset, -each.trade.paid),
                (each.way.received.asset, each.trade.received),
                *((amount.asset, amount.atoms) for amount in each.residue),
            ):
                owed[asset] = owed.get(asset, 0) + atoms
        more = {asset: self._account_change(asset) - atoms for asset, atoms in owed.items()}
        for asset, atoms in more.items():
            if atoms < 0:
                raise MalformedDataError(
                    f"the account's {asset} changed by {owed[asset] + atoms} atoms, its pools say "
                    f"{owed[asset]}"
                )
        return tuple(Amount(asset, atoms) for asset, atoms in more.items() if atoms)

    def _is_replayable(self, leg: Leg) -> bool:
        return bool(leg.hops) or self._pools[leg.instrument.id].is_replayable

    def _account_change(self, asset: AssetId) -> int:
        contract = self._config.tokens.get(asset)
        if contract is None:
            raise MalformedDataError(f"{asset} has no address in tokens any more; add it again")
        token = contract.address.lower()
        ours = [transfer for transfer in self._transfers if transfer.token == token]
        received = sum(each.atoms for each in ours if each.recipient == self._account)
        return received - sum(each.atoms for each in ours if each.sender == self._account)

    def _trade(self, instrument: Instrument, paid: AssetId, *, recipient: str) -> _Trade:
        pool = self._pools.get(instrument.id)
        if pool is None:
            raise MalformedDataError(f"{instrument.id} is no longer configured; add it again")
        log, seen = self._own_swap(pool, sender=self._router(instrument))
        # V2's and V3's swaps name the recipient last; V4's pay whoever the router says later.
        if pool.dialect is not Dialect.V4:
            told = abi.read_address(abi.hex_bytes(log.topics[2]), 0)
            if told != recipient:
                raise MalformedDataError(f"a swap in {instrument.id} paid {told}, not {recipient}")
        pays_token0 = (paid == instrument.base.id) is instrument.base_is_token0
        if pool.dialect is Dialect.V2:
            into, out_of = self._moved_at(pool, pays_token0=pays_token0)
        else:
            into, out_of = seen.amount0, -seen.amount1
            if not pays_token0:
                into, out_of = seen.amount1, -seen.amount0
        if into <= 0 or out_of <= 0:
            raise MalformedDataError(
                f"{instrument.id} moved the other way: it took {into} of {paid} and gave {out_of}"
            )
        return _Trade(into, out_of, log.index)

    def _router(self, instrument: Instrument) -> str:
        address = self._config.routers.get(instrument.router)
        if address is None:
            raise MalformedDataError(f"{instrument.router} is no longer configured; add it again")
        return address.lower()

    def _own_swap(self, pool: PoolSetup, *, sender: str) -> tuple[Log, SwapSeen]:
        family = self._families[pool.instrument.protocol]
        found = [
            (log, seen)
            for log in self._receipt.logs
            if (seen := family.swap_seen(pool, log)) is not None and seen.sender == sender
        ]
        if len(found) != 1:
            raise MalformedDataError(f"{len(found)} swaps of ours in {pool.instrument.id}, not 1")
        return found[0]

    def _moved_at(self, pool: PoolSetup, *, pays_token0: bool) -> tuple[int, int]:
        token_in, token_out = pool.token0, pool.token1
        if not pays_token0:
            token_in, token_out = token_out, token_in
        pair = pool.emitter
        return (
            sum(t.atoms for t in self._transfers if (t.token, t.recipient) == (token_in, pair)),
            sum(t.atoms for t in self._transfers if (t.token, t.sender) == (token_out, pair)),
        )


def _transfers(logs: Sequence[Log], tokens: Container[str]) -> Iterator[_Transfer]:
    for log in logs:
        is_ours = log.address in tokens and len(log.topics) == _TRANSFER_TOPICS
        if is_ours and log.topics[0] == TRANSFER:
            yield _Transfer(
                token=log.address,
                sender=abi.read_address(abi.hex_bytes(log.topics[1]), 0),
                recipient=abi.read_address(abi.hex_bytes(log.topics[2]), 0),
                atoms=abi.read_uint(log.data, 0),
            )
