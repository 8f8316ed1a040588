"""Why there is no plan, in one line: what binds, and the nearest quantity that would do."""

import math
from typing import Final

from router.domain.error import NoRouteError
from router.domain.plan import BookCandidate, NoRouteReason, PoolCandidate, RoutingProblem
from router.domain.units import AssetId, Rounding, Side, format_decimal
from router.optimiser.convex.reach import Shortfall, most_filled, shortfalls
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.market.market import Market, Selection, select, whole_curves
from router.optimiser.market.route import Route

_TINY_ATOMS: Final = 1_000  # an atom more or less is ten basis points of the price
HELD_TOLERANCE: Final = 1.0 + 1e-12  # sums of floats; lots and atoms are counted by `rounding`


def check_candidates(problem: RoutingProblem) -> None:
    """Refuse a problem nothing could carry."""
    if not problem.pools and not problem.routes and not problem.books:
        raise NoRouteError(
            NoRouteReason.NO_VENUE, "no instrument may carry the order; allow a venue for the pair"
        )
    if problem.quantity.atoms <= 0:
        raise NoRouteError(
            NoRouteReason.BELOW_MINIMUM,
            f"quantity must be positive, was {problem.quantity.atoms} atoms",
        )


def check_liquidity(selection: Selection, base: float) -> None:
    """Refuse a quantity above what the markets hold, or hold within the limit price."""
    market = selection.market
    within = sum(curve.capacity for curve in selection.curves)
    if base <= within * HELD_TOLERANCE:
        return
    held = sum(curve.capacity for curve in whole_curves(market))
    if base > held * HELD_TOLERANCE:
        raise NoRouteError(
            NoRouteReason.NO_LIQUIDITY,
            f"all instruments together hold {_base(market, held)}, {_base(market, base)} asked; "
            f"nearest feasible quantity {_base(market, within)}",
        )
    raise NoRouteError(
        NoRouteReason.LIMIT_PRICE,
        f"limit price leaves {_base(market, within)} of {_base(market, base)}; "
        f"trade less or widen it",
    )


def refuse_accounts(market: Market, scaled: ScaledProblem) -> NoRouteError:
    """Return the refusal of an order that the accounts cannot bear."""
    ordered = scaled.curves[0].quantity * scaled.demands[0].share
    short = shortfalls(scaled)
    on_margin = bool(short) and not short[0].row.startswith("cash:")
    reason = NoRouteReason.INSUFFICIENT_MARGIN if on_margin else NoRouteReason.INSUFFICIENT_BALANCE
    told = " and ".join(_short(market, scaled, found) for found in short)
    return NoRouteError(
        reason,
        f"{told or 'what the accounts have left'} does not suffice for {_base(market, ordered)}; "
        f"nearest feasible quantity {_base(market, most_filled(scaled) * ordered)}",
    )


# What is short in words: "margin:perp:me (short 2,000 USDC)".
def _short(market: Market, scaled: ScaledProblem, found: Shortfall) -> str:
    curve = scaled.curves[0]
    worth = found.missing * curve.quantity
    if found.row.startswith("cash:") and market.problem.side is Side.SELL:
        return f"{found.row} (short {_rounded_up(worth)} {market.pair.base.id})"
    return f"{found.row} (short {_rounded_up(worth * curve.mid)} {market.pair.quote.id})"


def _rounded_up(amount: float) -> str:
    digits = 3 - math.floor(math.log10(amount)) if amount > 0.0 else 0
    return f"{math.ceil(amount * 10.0**digits) / 10.0**digits:,.12g}"


def refuse_rounding(market: Market, reason: NoRouteReason) -> NoRouteError:
    """Return the refusal of an order that fails as whole lots and atoms."""
    problem = market.problem
    asset = problem.quantity.asset
    atoms_matter = {NoRouteReason.LIMIT_PRICE, NoRouteReason.NO_LIQUIDITY}
    if reason in atoms_matter and _is_tiny(market):
        reason = NoRouteReason.BELOW_MINIMUM  # whole atoms alone move its price beyond the limit
    minimums = [_minimum(book) for book in problem.books]
    told = {
        NoRouteReason.BELOW_MINIMUM: "; ".join(minimums)
        or "the order is worth too few atoms to trade at its price",
        NoRouteReason.INSUFFICIENT_BALANCE: "cash is short of the exact quote; trade slightly less",
        NoRouteReason.INSUFFICIENT_MARGIN: "margin is short of the whole lots; trade one lot less",
    }
    amount = format_decimal(problem.quantity.atoms, _decimals(market, asset))
    why = told.get(reason, "no exact trade fits the order; trade slightly less")
    return NoRouteError(reason, f"{amount} {asset} cannot be traded whole: {why}")


def _is_tiny(market: Market) -> bool:
    mid, quantity = market.problem.arrival_mid, market.problem.quantity
    if quantity.asset == mid.quote:
        base, quote = mid.quantity(quantity, Rounding.UP).atoms, quantity.atoms
    else:
        base, quote = quantity.atoms, mid.notional(quantity, Rounding.UP).atoms
    sources = select(market, range(len(market.pools))).sources
    held = [_atoms_on(source.way, min(base, quote), quote=quote) for source in sources]
    return max(held, default=min(base, quote)) < _TINY_ATOMS


# Of the asset that has the fewest atoms on the way.
def _atoms_on(way: PoolCandidate | Route, fewest: int, *, quote: int) -> float:
    if isinstance(way, Route) and way.middle_atom > 0.0:
        return min(fewest, quote / way.middle_atom)
    return fewest


def _minimum(book: BookCandidate) -> str:
    instrument = book.instrument
    lot = format_decimal(instrument.lot_atoms, instrument.base.decimals)
    least = format_decimal(instrument.notional_min_atoms, instrument.quote.decimals)
    return f"{instrument.id} takes lots of {lot} and at least {least} {instrument.quote.id}"


def _decimals(market: Market, asset: AssetId) -> int:
    pair = market.pair
    return pair.base.decimals if asset == pair.base.id else pair.quote.decimals


def _base(market: Market, quantity: float) -> str:
    """Write a float quantity of base, rounded down to six significant figures."""
    asset = market.problem.arrival_mid.base
    if quantity <= 0.0:
        return f"0 {asset}"
    digits = 5 - math.floor(math.log10(quantity))
    return f"{math.floor(quantity * 10.0**digits) / 10.0**digits:.12g} {asset}"
