"""Between the venue's words and the house's: decimal strings to ticks, lots and atoms, and back.

A price or size finer than the instrument's grid is malformed, never rounded. Rounded are only
figures the venue derives itself: reference prices, equity and what may be withdrawn down; margin,
fees and funding rates up.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from router.domain.account import (
    AccountSnapshot,
    ForcedFill,
    FundingPayment,
    IsolatedPosition,
    MarkedPosition,
    Position,
    RequestBudget,
    SpotHolding,
)
from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument
from router.domain.margin import HeldPosition, MarginTier
from router.domain.market import MarketTraded, PerpContext
from router.domain.order import Fill, OrderStatus
from router.domain.plan import Leg
from router.domain.units import (
    PICO_PER_UNIT,
    Amount,
    AssetId,
    ChildId,
    InstrumentId,
    Pico,
    Rounding,
    TimestampNs,
    divide,
)
from venues.hyperliquid import wire
from venues.hyperliquid.spec import (
    COLLATERAL_DECIMALS,
    VENUE,
    HyperliquidConfig,
    size_decimals,
)

NS_PER_MS: Final = 1_000_000
FEE_CURRENCY: Final = "USDC"
_PICO_DECIMALS: Final = 12
_SPOT_DECIMALS: Final = 8  # as the venue shows balances; tokens with more are rounded down
_CLOID_BYTES: Final = 16
_PLAIN = re.compile(r"(-?)([0-9]{1,40})(?:\.([0-9]{1,40}))?\Z")
_WORKING: Final = frozenset({"open", "triggered"})


def exact(text: str, decimals: int, name: str) -> int:
    """Return decimal text in units of ``10**-decimals``; finer text is malformed."""
    scaled, finer = _scaled(text, decimals, name)
    units, rest = divmod(scaled, finer)
    if rest:
        raise MalformedDataError(f"{name} must have at most {decimals} decimals, was {text!r}")
    return units


def rounded(text: str, decimals: int, *, rounding: Rounding, name: str) -> int:
    """Return decimal text in units of ``10**-decimals``, rounded as told."""
    scaled, finer = _scaled(text, decimals, name)
    return divide(scaled, finer, rounding)


# The number as a ratio: an integer, and the power of ten by which it is finer than the unit.
def _scaled(text: str, decimals: int, name: str) -> tuple[int, int]:
    match = _PLAIN.match(text)
    if match is None:
        raise MalformedDataError(f"{name} must be a plain decimal number, was {text!r:.80}")
    sign, whole, fraction = match[1], match[2], match[3] or ""
    scaled = int(whole + fraction.ljust(decimals, "0"))
    return -scaled if sign else scaled, int(10 ** max(0, len(fraction) - decimals))


def to_ns(time_ms: int) -> TimestampNs:
    """Return a venue time in nanoseconds."""
    return TimestampNs(time_ms * NS_PER_MS)


def cloid(child: ChildId) -> str:
    """Return the client order id of a child: half of a digest of its id, in hex."""
    return "0x" + sha256(child.encode()).digest()[:_CLOID_BYTES].hex()


# Market data.


def context(told: wire.Context, instrument: Instrument, received_at: TimestampNs) -> PerpContext:
    """Read reference prices, rounded down, and the hourly funding rate, rounded up."""
    mark, oracle = (
        rounded(price, instrument.tick_decimals, rounding=Rounding.DOWN, name=name)
        for price, name in ((told.mark_price, "markPx"), (told.oracle_price, "oraclePx"))
    )
    if mark <= 0 or oracle <= 0:
        raise MalformedDataError(f"{told.coin}: markPx and oraclePx must be positive")
    rate = rounded(told.funding_rate, _PICO_DECIMALS, rounding=Rounding.UP, name="funding")
    return PerpContext(instrument.id, mark, oracle, Pico(rate), received_at)


def trade(told: wire.Trade, instrument: Instrument) -> MarketTraded:
    """Read a public trade."""
    lots = exact(told.size, size_decimals(instrument), "sz")
    return MarketTraded(instrument.id, lots, told.trade_id, to_ns(told.time_ms))


# The account.


def account(
    told: wire.Account,
    config: HyperliquidConfig,
    *,
    fundings: tuple[wire.Funding, ...],
    leverage: Mapping[InstrumentId, int],
    received_at: TimestampNs,
    forced: tuple[ForcedFill, ...] = (),
    requests: RequestBudget | None = None,
    tiers: Mapping[str, tuple[MarginTier, ...]] = MappingProxyType({}),
    spot: tuple[SpotHolding, ...] = (),
) -> AccountSnapshot:
    """Read the cross-margin account.

    Parameters
    ----------
    leverage : mapping of InstrumentId to int
        What is known of instruments without a position; the venue tells it of the others.
    tiers : mapping of str to tuple of MarginTier
        By coin, as far as they are known.
    """
    held = {position.coin: position for position in told.positions}
    names = {i.symbol: i.id for i in config.instruments}
    positions = tuple(_position(held.get(i.symbol), i, leverage[i.id]) for i in config.instruments)
    collateral = config.collateral.id
    cash = exact(told.cash, COLLATERAL_DECIMALS, "totalRawUsd")
    free = _money(told.withdrawable, Rounding.DOWN, "withdrawable")
    return AccountSnapshot(
        account=config.account,
        balances=(Amount(collateral, cash),),
        spendable=(Amount(collateral, free),),
        positions=positions,
        equity_atoms=_money(told.value, Rounding.DOWN, "accountValue"),
        margin_used_atoms=_money(told.margin_used, Rounding.UP, "totalMarginUsed"),
        next_nonce=None,
        block=None,
        received_at=received_at,
        at_venue=TimestampNs(told.time_ms * NS_PER_MS),
        funding=tuple(
            FundingPayment(
                Amount(collateral, exact(f.amount, COLLATERAL_DECIMALS, "usdc")),
                TimestampNs(f.time_ms * NS_PER_MS),
                names.get(f.coin, InstrumentId(f"{VENUE}:{f.coin}")),
            )
            for f in fundings
            if f.time_ms <= told.time_ms
        ),
        forced=forced,
        requests=requests,
        marked=_marked(told.positions, config, tiers),
        isolated=_isolated(told.positions, tiers),
        spot=spot,
    )


def _position(told: wire.HeldPosition | None, instrument: Instrument, leverage: int) -> Position:
    if told is None:
        return Position(instrument.id, 0, leverage)
    if not told.is_cross:
        raise MalformedDataError(f"{told.coin}: the position is isolated; only cross is supported")
    return Position(
        instrument.id, exact(told.size, size_decimals(instrument), "szi"), told.leverage
    )


# Cross positions at the venue's own value, in coins that are not configured, too.
def _marked(
    told: tuple[wire.HeldPosition, ...],
    config: HyperliquidConfig,
    tiers: Mapping[str, tuple[MarginTier, ...]],
) -> tuple[MarkedPosition, ...]:
    instruments = {i.symbol: i for i in config.instruments}
    found = []
    for position in told:
        if position.value is None or not position.is_cross:
            continue
        own = instruments.get(position.coin)
        asset = AssetId(position.coin) if own is None else own.base.id
        held = _held(position, position.value, asset, tiers=tiers)
        name = InstrumentId(f"{VENUE}:{position.coin}") if own is None else own.id
        found.append(MarkedPosition(name, held))
    return tuple(found)


# Isolated positions, which are all in coins that are not configured.
def _isolated(
    told: tuple[wire.HeldPosition, ...], tiers: Mapping[str, tuple[MarginTier, ...]]
) -> tuple[IsolatedPosition, ...]:
    return tuple(
        IsolatedPosition(
            InstrumentId(f"{VENUE}:{position.coin}"),
            _held(position, position.value, AssetId(position.coin), tiers=tiers),
            cash_atoms=exact(position.isolated_cash, COLLATERAL_DECIMALS, "rawUsd"),
        )
        for position in told
        if not position.is_cross
        and position.value is not None
        and position.isolated_cash is not None
    )


def _held(
    told: wire.HeldPosition,
    worth: str,
    asset: AssetId,
    *,
    tiers: Mapping[str, tuple[MarginTier, ...]],
) -> HeldPosition:
    value = _money(worth, Rounding.UP, "positionValue")
    return HeldPosition(
        asset=asset,
        notional_atoms=-value if told.size.startswith("-") else value,
        tiers=tiers.get(told.coin, ()),
        initial=Pico(divide(PICO_PER_UNIT, max(told.leverage, 1), Rounding.UP)),
    )


def spot_holdings(told: wire.SpotAccount) -> tuple[SpotHolding, ...]:
    """Read the spot balances the venue keeps, in 1e-8 of a token; what is bound rounded up."""
    return tuple(
        SpotHolding(
            asset=AssetId(balance.coin),
            atoms=rounded(balance.total, _SPOT_DECIMALS, rounding=Rounding.DOWN, name="total"),
            held_atoms=rounded(balance.hold, _SPOT_DECIMALS, rounding=Rounding.UP, name="hold"),
            decimals=_SPOT_DECIMALS,
        )
        for balance in told.balances
    )


def _money(text: str, rounding: Rounding, name: str) -> int:
    return rounded(text, COLLATERAL_DECIMALS, rounding=rounding, name=name)


# Orders.


def leg_lots(leg: Leg) -> int | None:
    """Return a leg's quantity in lots, or None where it is no positive number of whole lots."""
    lots, rest = divmod(leg.quantity.atoms, leg.instrument.lot_atoms)
    return lots if rest == 0 and lots > 0 else None


def fill(told: wire.Execution, child: ChildId, instrument: Instrument) -> Fill:
    """Read an execution of `child`.

    The notional is exact, for a tick times a lot is a millionth of a USDC, which is its atom; only
    the fee is rounded, up.
    """
    if told.fee_currency != FEE_CURRENCY:
        raise MalformedDataError(f"feeToken must be {FEE_CURRENCY}, was {told.fee_currency!r}")
    ticks = exact(told.price, instrument.tick_decimals, "px")
    lots = exact(told.size, size_decimals(instrument), "sz")
    if ticks <= 0 or lots <= 0:
        raise MalformedDataError(f"{told.coin}: a fill has a positive price and size")
    quote = instrument.quote.id
    return Fill(
        id=f"{told.coin}:{told.time_ms}:{told.trade_id}",
        child=child,
        instrument=instrument.id,
        quantity=Amount(instrument.base.id, lots * instrument.lot_atoms),
        notional=Amount(quote, ticks * lots),
        fee=Amount(quote, _money(told.fee, Rounding.UP, "fee")),
        at_venue=to_ns(told.time_ms),
    )


def lots_filled(told: wire.Order, accepted: wire.Accepted | None, instrument: Instrument) -> int:
    """Return how much of an order has traded, as the venue's answers about it say.

    The reply to the order itself counts most. What is left of a filled order is not always written
    as zero: some answers repeat the whole size, which then means that all of it traded.
    """
    decimals = size_decimals(instrument)
    if accepted is not None and accepted.size_filled is not None:
        return exact(accepted.size_filled, decimals, "totalSz")
    size, left = exact(told.size, decimals, "origSz"), exact(told.size_left, decimals, "sz")
    if not 0 <= left <= size:
        raise MalformedDataError(f"sz must be 0 to {told.size}, was {told.size_left}")
    if told.status == "filled" and left == size:
        return size
    return size - left


def order_status(word: str, *, filled: int, lots: int) -> OrderStatus:
    """Return what the venue's word means of an order of `lots` lots of which `filled` traded.

    Only "open" and "triggered" are statuses of a working order; the venue adds others to the rest
    now and then, and they all end it.
    """
    if word in _WORKING:
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW
    if filled == lots:
        return OrderStatus.FILLED
    if filled == 0 and word.lower().endswith("rejected"):
        return OrderStatus.REJECTED
    return OrderStatus.CANCELED
