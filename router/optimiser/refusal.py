"""Why there is no plan, in one line: what binds, and the nearest quantity that would do."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from router.domain.error import NoRouteError, RoutingError, SolverError
from router.domain.instrument import Asset
from router.domain.margin import InitialMargin
from router.domain.plan import (
    BookCandidate,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import Amount, AssetId, Rounding, format_decimal
from router.liquidity.curve import CostCurve
from router.optimiser.convex.joint import IsLate
from router.optimiser.convex.jumps import charged
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.reach import Shortfall, most_filled, shortfalls
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.exact.rooms import rooms_of
from router.optimiser.exact.rounding import Draft, round_shares
from router.optimiser.market.market import Market, Selection, select, whole_curves
from router.optimiser.market.network import Network
from router.optimiser.market.route import Route
from router.optimiser.market.scaling import scale
from router.optimiser.market.source import book_cost

_FILL_TOLERANCE: Final = 1e-12  # of the order
FILLED: Final = 1.0 - _FILL_TOLERANCE  # as much of it as is all of it
HAIR: Final = 1.0 + 1e-8  # so much more is not allowed at the edge of what the accounts allow
_TRIES: Final = 4
_HALVINGS: Final = 8
_PARTS: Final = 10_000  # of every order of a basket
_PARTS_TRIED: Final = (1.0001, 1.0, 0.9995, 0.995, 0.97, 0.85, 0.5)  # of what seems to fit
_PARTS_HALVED: Final = 3
_FEWER: Final = 1e-5  # of a quantity that is tried: one of its six figures
_INSIDE: Final = 1.0 - 1e-9
_REASONS: Final = {
    "cash": NoRouteReason.INSUFFICIENT_BALANCE,
    "margin": NoRouteReason.INSUFFICIENT_MARGIN,
    "stress": NoRouteReason.STRESS,
}
_TINY_ATOMS: Final = 1_000  # an atom more or less is ten basis points of the price
HELD_TOLERANCE: Final = 1.0 + 1e-12  # sums of floats; lots and atoms are counted by `rounding`


@dataclass(frozen=True, slots=True)
class _Cap:
    reason: NoRouteReason
    sentence: str


def check_candidates(problem: RoutingProblem) -> None:
    """Refuse a problem nothing could carry."""
    if not (problem.pools or problem.routes or problem.networks or problem.books):
        raise NoRouteError(
            NoRouteReason.NO_VENUE, "no instrument may carry the order; allow a venue for the pair"
        )
    if problem.quantity.atoms <= 0:
        raise NoRouteError(
            NoRouteReason.BELOW_MINIMUM,
            f"quantity must be positive, was {problem.quantity.atoms} atoms",
        )


def check_liquidity(selection: Selection, base: float) -> None:
    """Refuse a quantity above what the markets hold, or hold within the limit price.

    Caps of single books are left to `refuse_accounts`, which names them.
    """
    asset = selection.market.pair.base
    within = sum(curve.capacity for curve in selection.curves)
    if base <= within * HELD_TOLERANCE:
        return
    nearest = _nearest(selection, within)
    asked = rounded_down(base, asset)
    held = sum(curve.capacity for curve in _uncapped(selection, is_whole=True))
    if base > held * HELD_TOLERANCE:
        raise NoRouteError(
            NoRouteReason.NO_LIQUIDITY,
            f"all instruments together hold {rounded_down(held, asset)}, {asked} asked; "
            f"nearest feasible quantity {nearest}",
        )
    priced = sum(curve.capacity for curve in _uncapped(selection, is_whole=False))
    if base > priced * HELD_TOLERANCE:
        raise NoRouteError(
            NoRouteReason.LIMIT_PRICE,
            f"limit price leaves {rounded_down(priced, asset)} of {asked}; trade less or widen "
            f"it; nearest feasible quantity {nearest}",
        )
    raise refuse_accounts(selection, scale(selection, base), nearest=f"quantity {nearest}")


def refuse_accounts(
    selection: Selection, scaled: ScaledProblem, *, nearest: str | None = None
) -> NoRouteError:
    """Return the refusal of an order that the accounts cannot bear, or the caps of its books.

    Parameters
    ----------
    nearest : str | None
        What would do, if that is known already.
    """
    market = selection.market
    ordered = scaled.curves[0].quantity * scaled.demands[0].share
    capped = _binding_caps(selection, scaled)
    held = sum(curve.cap for curve in scaled.curves)
    told = [cap.sentence for cap in capped]
    if capped and held < scaled.demands[0].share - _FILL_TOLERANCE:
        reason = capped[0].reason
    else:
        # Where nothing is short, it is what must stay free for whole atoms.
        short = shortfalls(scaled) or shortfalls(scaled.tightened())
        kind = short[0].row.partition(":")[0] if short else "cash"
        reason = _REASONS[kind]
        told = [_short([market], scaled, found) for found in short] + told
    asset = market.pair.base
    nearest = nearest or f"quantity {_feasible(selection, _most(selection, ordered))}"
    return NoRouteError(
        reason,
        f"{'; '.join(told) or 'what the accounts have left does not suffice'}: "
        f"{rounded_down(ordered, asset)} asked; nearest feasible {nearest}",
    )


def undecided(
    selection: Selection, scaled: ScaledProblem, error: SolverError, *, is_late: IsLate
) -> RoutingError:
    """Return what to say of an order for which neither a plan nor its absence was proved.

    That is a refusal where it is within a hair of what the accounts allow: less than whole atoms
    need be free for them; and where it is worth so few atoms that these are a part of it.
    """
    if is_late():
        return SolverError("time was up before a plan was found")
    quantity = scaled.curves[0].quantity * scaled.demands[0].share
    if most_filled(scale(selection, quantity * HAIR)) >= FILLED:
        tiny = _is_tiny(selection.market)
        return refuse_rounding(selection.market, NoRouteReason.BELOW_MINIMUM) if tiny else error
    return refuse_accounts(selection, scaled)


def refuse_basket(
    selections: Sequence[Selection], scaled: ScaledProblem, *, bears: Callable[[float], bool]
) -> NoRouteError:
    """Return the refusal of orders that the accounts cannot bear together.

    Parameters
    ----------
    bears : Callable
        Whether such a part of every order is planned.
    """
    capped = [cap for d, s in enumerate(selections) for cap in _caps_short(s, scaled, demand=d)]
    short = [] if capped else shortfalls(scaled)
    kind = short[0].row.partition(":")[0] if short else "cash"
    markets = [selection.market for selection in selections]
    told = [cap.sentence for cap in capped] + [_short(markets, scaled, found) for found in short]
    part = _part_borne(most_filled(scaled), bears)
    nearest = f"nearest feasible {part / 100:g} % of each" if part else "no part of each fits"
    return NoRouteError(
        capped[0].reason if capped else _REASONS[kind],
        f"{'; '.join(told) or 'what the accounts have left does not suffice'}: "
        f"{len(markets)} orders asked; {nearest}",
    )


# What caps an order's books, where they keep it from being filled.
def _caps_short(selection: Selection, scaled: ScaledProblem, *, demand: int) -> list[_Cap]:
    mid = selection.market.mid
    notional = next(c.quantity * c.mid for c in scaled.curves)
    own = scale(selection, scaled.demands[demand].share * notional / mid)
    if sum(curve.cap for curve in own.curves) >= 1.0 - _FILL_TOLERANCE:
        return []
    return _binding_caps(selection, own)


# A part of the orders that is planned, in hundredths of a per cent; 0 where none was found.
def _part_borne(guess: float, bears: Callable[[float], bool]) -> int:
    high = min(math.floor(guess * _PARTS), _PARTS - 1)
    for low in dict.fromkeys(min(high, round(high * part) - 1) for part in _PARTS_TRIED):
        if low > 0 and bears(low / _PARTS):
            break
        high = max(low, 0)
    else:
        return 0
    for _ in range(_PARTS_HALVED):
        middle = (low + high) // 2
        low, high = (middle, high) if middle > low and bears(middle / _PARTS) else (low, middle)
    return low


def rounded_down(quantity: float, asset: Asset) -> str:
    """Write a float quantity, rounded down to six significant figures and to whole atoms."""
    if quantity <= 0.0:
        return f"0 {asset.id}"
    digits = min(5 - math.floor(math.log10(quantity)), asset.decimals)
    told = f"{math.floor(quantity * 10.0**digits) / 10.0**digits:.{max(digits, 0)}f}"
    return f"{told.rstrip('0').rstrip('.') if '.' in told else told} {asset.id}"


# What keeps books from taking all that they show within the limit price.
def _binding_caps(selection: Selection, scaled: ScaledProblem) -> list[_Cap]:
    market, n = selection.market, len(selection.chains)
    problem = market.problem
    margins = {m.account: m for m in problem.margins}
    free = _uncapped(selection, is_whole=False)[len(selection.sources) :]
    found = []
    for curve, book, shown in zip(scaled.curves[n:], problem.books, free, strict=True):
        most = curve.cap * curve.quantity
        wanted = min(shown.capacity, scaled.demands[curve.demand].share * curve.quantity)
        if most >= wanted * _INSIDE:
            continue
        name, left = book.instrument.id, rounded_down(most, market.pair.base)
        margin = margins.get(book.instrument.account)
        if book.reduces_only or (margin is not None and margin.reduces_only):
            why = f" ({margin.why})" if margin is not None and margin.why else ""
            found.append(_Cap(NoRouteReason.REDUCE_ONLY, f"{name} may only reduce, by {left}{why}"))
        elif book.quantity_max_lots is not None and curve.curve.capacity < shown.capacity * _INSIDE:
            found.append(_Cap(NoRouteReason.LIMIT_EXCEEDED, f"quantity cap leaves {name} {left}"))
        else:
            found.append(_Cap(NoRouteReason.POSITION_CAP, _position_cap(book, left)))
    return found


def _position_cap(book: BookCandidate, left: str) -> str:
    name, quote = book.instrument.id, book.instrument.quote
    above = [t.above_atoms for t in book.tiers if t.leverage_max < book.leverage]
    at_leverage = book.initial_margin is InitialMargin.AT_LEVERAGE and bool(above)
    if at_leverage and (book.position_max_atoms is None or above[0] <= book.position_max_atoms):
        most = format_decimal(above[0], quote.decimals)
        return (
            f"margin tier of {name} allows leverage {book.leverage} up to a position of "
            f"{most} {quote.id}, which leaves {left}"
        )
    most = format_decimal(book.position_max_atoms or 0, quote.decimals)
    return f"position cap of {name} is {most} {quote.id}, which leaves {left}"


# The curve of every source and every book without the cap on its quantity.
def _uncapped(selection: Selection, *, is_whole: bool) -> list[CostCurve]:
    problem = selection.market.problem
    curves = [source.curve for source in selection.sources]
    if is_whole:
        curves = whole_curves(selection.market)[: -len(problem.books) or None]
    limit = None if is_whole else problem.limit_price
    books = (replace(book, quantity_max_lots=None) for book in problem.books)
    return [*curves, *(book_cost(book, problem.side, limit=limit) for book in books)]


def _nearest(selection: Selection, within: float) -> str:
    if within <= 0.0:
        return rounded_down(0.0, selection.market.pair.base)
    return _feasible(selection, _most(selection, within))


# About the most of a quantity that the accounts allow. Where margin jumps with its tier, that lies
# between what the dearest tiers allow and what the cheapest seem to.
def _most(selection: Selection, quantity: float) -> float:
    scaled = scale(selection, quantity)
    high = most_filled(scaled) * quantity
    if not scaled.jumps or high <= 0.0:
        return high
    dearest = scaled
    for jump in scaled.jumps:
        dearest = charged(dearest, jump, tier=len(jump.rates) - 1)
    low = most_filled(replace(dearest, jumps=())) * quantity
    if _is_solved(scale(selection, high * _INSIDE)):
        return high
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _is_solved(scale(selection, middle)) else (low, middle)
    return low


# A quantity in six figures that is solved and made whole before it is told.
def _feasible(selection: Selection, quantity: float) -> str:
    pair, books = selection.market.pair, selection.market.problem.books
    lots = sum(b.instrument.lot_atoms / 10.0**b.instrument.base.decimals for b in books)
    for _ in range(_TRIES):
        told = rounded_down(quantity, pair.base)
        quantity = float(told.partition(" ")[0])
        if quantity <= 0.0 or _is_whole(selection, quantity):
            return told
        quantity -= max(_FEWER * quantity, lots)
    return rounded_down(quantity, pair.base)


def _is_whole(selection: Selection, quantity: float) -> bool:
    market, scaled = selection.market, scale(selection, quantity)
    try:
        split = solve_continuous(scaled)
    except SolverError:
        return False
    if split is None or market.problem.kind is QuantityKind.CASH:
        return split is not None
    asked = Amount(market.pair.base.id, int(quantity * 10.0**market.pair.base.decimals))
    smaller = replace(market, problem=replace(market.problem, quantity=asked))
    of_less, rooms = replace(selection, market=smaller), rooms_of([smaller.problem])
    return isinstance(round_shares(of_less, scaled, split.shares, rooms=rooms), Draft)


def _is_solved(scaled: ScaledProblem) -> bool:
    try:
        return solve_continuous(scaled) is not None
    except SolverError:
        return False


# What is short in words: "stress scenario gap -30 %: perp:me is short 2,000 USDC".
def _short(markets: Sequence[Market], scaled: ScaledProblem, found: Shortfall) -> str:
    curve, quote = scaled.curves[0], markets[0].pair.quote
    row = next((r for r in scaled.cash if r.name == found.row), None)
    worth, asset = found.missing * curve.quantity * curve.mid, quote
    if row is not None:
        if not row.pays_quote:
            paid = scaled.curves[row.members[0]]
            worth, asset = found.missing * paid.quantity, markets[paid.demand].pair.base
        name = found.row.removeprefix("cash:")
        return f"cash: {name} is short {_rounded_up(worth)} {asset.id}"
    short = f"is short {_rounded_up(worth)} {quote.id}"
    for account in scaled.accounts:
        if found.row == account.names[0]:
            return f"initial margin: {account.account} {short}"
        prefix = f"stress:{account.account}:"
        if found.row in account.names and found.row.startswith(prefix):
            return f"stress scenario {found.row.removeprefix(prefix)}: {account.account} {short}"
    raise AssertionError(f"{found.row} is no row of the problem")


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
        NoRouteReason.STRESS: "a stress scenario breaks with whole lots; trade one lot less",
        NoRouteReason.REDUCE_ONLY: f"whole lots would open a position{_why(problem)}; trade one"
        " lot less",
        NoRouteReason.POSITION_CAP: "whole lots exceed the position's cap; trade one lot less",
    }
    amount = format_decimal(problem.quantity.atoms, _decimals(market, asset))
    why = told.get(reason, "no exact trade fits the order; trade slightly less")
    return NoRouteError(reason, f"{amount} {asset} cannot be traded whole: {why}")


# What is known of why accounts may only reduce.
def _why(problem: RoutingProblem) -> str:
    told = "; ".join(f"{m.account}: {m.why}" for m in problem.margins if m.reduces_only and m.why)
    return f" ({told})" if told else ""


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
def _atoms_on(way: PoolCandidate | Route | Network, fewest: int, *, quote: int) -> float:
    if not isinstance(way, PoolCandidate) and way.middle_atom > 0.0:
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
