"""Splits over networks, solved again where their answer lies, and proved by what bounds a network.

What a network costs is solved at some sizes only (`market.network`). A split over curves that are
smooth between these is sharpened by solving the sizes it asks for, and split again. Its proof is of
other curves: chords, which no flow is dearer than, and tangents, which none is cheaper than, with
the size of the split and the marginal cost of its multipliers among their samples; where depth may
leave, what that is the size of then instead. So whoever has the shares and the multipliers can draw
the same curves again. Refuses splits without networks: they are proved as they are.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from router.domain.certificate import Certificate, Multiplier, PartBound
from router.domain.error import CertificateError
from router.domain.units import PICO_PER_UNIT, Pico
from router.liquidity.aggregate import aggregate, merge
from router.liquidity.curve import CostCurve
from router.optimiser.convex.certificate import Split, cheapest, lower_bound
from router.optimiser.convex.parts import part_of
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledCurve, ScaledProblem
from router.optimiser.market.market import Selection, Source, selected
from router.optimiser.market.network import Network
from router.optimiser.proof import prices_of
from router.optimiser.robust.bound import robust_bound
from router.optimiser.robust.depth import depth_curves, outcomes
from router.optimiser.robust.outlook import Outlook, outlook_of
from router.optimiser.robust.search import INCLUSION, read_tail
from router.optimiser.robust.views import views

GAP_GOAL: Final = 1e-7  # of the notional, a thousandth of a basis point: what the bounds may add
COST_GOAL: Final = 1e-10  # of the notional: how well the curves of the search know a split's cost
ROUNDS_MAX: Final = 5
_PASSES: Final = 5  # until what is best by the bounds is among their samples

Found: TypeAlias = tuple[ScaledProblem, Split]


def has_network(selection: Selection) -> bool:
    """Tell whether a source is a network."""
    return any(isinstance(source.way, Network) for source in selection.sources)


def sharpened(
    selection: Selection, found: Found, *, again: Callable[[Selection], Found | None]
) -> tuple[Selection, ScaledProblem, Split]:
    """Return a split of one order with its networks solved where they are used.

    Parameters
    ----------
    found : Found
        The selection's problem and its split.
    again : Callable
        Solves another selection of the same pools; None where it does not find a split.
    """
    if not has_network(selection):
        return selection, *found
    first, best = selection, None
    for _ in range(ROUNDS_MAX):
        scaled, split = found
        proved = proved_by_bounds([first], scaled, split)
        # What it costs is told better each time, and what cash trades for with it.
        if best is None or proved[1].gap <= max(best[2].gap, split.gap_max):
            best = (selection, *proved)
        is_known = abs(proved[1].upper - split.upper) <= COST_GOAL
        if is_known and proved[1].gap <= split.gap + GAP_GOAL:
            break
        asked = _asked([selection], scaled, split.shares, multipliers=split.multipliers)
        (selection,) = _sharper([selection], scaled, asked)
        following = again(selection)
        if following is None:
            break
        found = following
    assert best is not None, "there is a round at least"
    return best


def proved_by_bounds(selections: Sequence[Selection], scaled: ScaledProblem, split: Split) -> Found:
    """Return a split with the proof that the bounds of its networks make.

    Parameters
    ----------
    selections : Sequence[Selection]
        As `select` gives them, one an order.
    """
    shares = np.round(split.shares * PICO_PER_UNIT) / PICO_PER_UNIT
    bounded = bounded_by_networks(selections, scaled, shares=shares, multipliers=split.multipliers)
    measure = _measure(selections, bounded, split)
    bounds = [measure.lower(part_of(bounded, part.assumptions), part) for part in split.parts]
    parts = tuple(
        replace(part, lower_bound=Pico(math.floor(bound * PICO_PER_UNIT)))
        for part, bound in zip(split.parts, bounds, strict=True)
    )
    upper = measure.upper(split.shares)
    return bounded, replace(
        split,
        upper=upper,
        lower=min(upper, *bounds),
        parts=parts,
        gap_max=split.gap_max + GAP_GOAL,
    )


def as_proved(
    selections: Sequence[Selection], scaled: ScaledProblem, certificate: Certificate
) -> ScaledProblem:
    """Return the problem with the curves that a certificate's proof is of.

    Parameters
    ----------
    selections : Sequence[Selection]
        As `select` gives them, one an order.

    Raises
    ------
    CertificateError
        If the certificate does not tell the share of a curve.
    """
    if not any(has_network(selection) for selection in selections):
        return scaled
    told = {(s.order, s.curve): s.value / PICO_PER_UNIT for s in certificate.shares}
    names = [(scaled.demands[c.demand].name, c.name) for c in scaled.curves]
    missing = next((name for name in names if name not in told), None)
    if missing is not None:
        raise CertificateError(f"the certificate must tell the share of {missing[1]}")
    return bounded_by_networks(
        selections,
        scaled,
        shares=np.array([told[name] for name in names]),
        multipliers=certificate.multipliers,
    )


def bounded_by_networks(
    selections: Sequence[Selection],
    scaled: ScaledProblem,
    *,
    shares: Floats,
    multipliers: Iterable[Multiplier],
) -> ScaledProblem:
    """Return the problem with chords and tangents for its networks, as the proof of a split has it.

    Parameters
    ----------
    selections : Sequence[Selection]
        As `select` gives them, one an order.
    shares : float64, shape (n_curves,)
        As stored with the proof.
    """
    told = tuple(multipliers)
    drawn, current = _as_selected(selections, scaled), list(selections)
    for _ in range(_PASSES if _is_robust(told) else 1):
        asked = _asked(current, drawn, shares, multipliers=told)
        current = _sharper(current, drawn, asked)
        drawn = _bounded(current, drawn)
    return drawn


# Every chain's place among the curves, and the places of its sources in its order's selection.
def _chains(selections: Sequence[Selection]) -> Iterator[tuple[int, int, list[int]]]:
    place = 0
    for order, selection in enumerate(selections):
        for account, _ in selection.chains:
            sources = enumerate(selection.sources)
            yield order, place, [i for i, s in sources if s.instrument.account == account]
            place += 1
        place += len(selection.market.problem.books)


# A problem that was sharpened has curves that know more of its networks.
def _as_selected(selections: Sequence[Selection], scaled: ScaledProblem) -> ScaledProblem:
    curves = list(scaled.curves)
    for order, place, own in _chains(selections):
        curve = _merged([selections[order].sources[i].curve for i in own])
        curves[place] = replace(curves[place], curve=curve, floor=curve)
    return replace(scaled, curves=tuple(curves))


# The problem with every network between its bounds.
def _bounded(selections: Sequence[Selection], scaled: ScaledProblem) -> ScaledProblem:
    curves = list(scaled.curves)
    for order, place, own in _chains(selections):
        bounds = [_bounds(selections[order].sources[i]) for i in own]
        upper, floor = (_merged([pair[end] for pair in bounds]) for end in (0, 1))
        curves[place] = replace(curves[place], curve=upper, floor=floor)
    return replace(scaled, curves=tuple(curves))


def _bounds(source: Source) -> tuple[CostCurve, CostCurve]:
    if isinstance(source.way, Network):
        return source.way.curves.upper, source.way.curves.floor
    return source.curve, source.curve


@dataclass(frozen=True, slots=True)
class _Asked:
    """Where a curve has to be exact: shares of the orders, and rates of the next unit."""

    shares: tuple[float, ...]
    rates: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Measure:
    """What a split costs, and what a part's multipliers prove."""

    upper: Callable[[Floats], float]
    lower: Callable[[ScaledProblem, PartBound], float]


def _measure(selections: Sequence[Selection], bounded: ScaledProblem, split: Split) -> _Measure:
    if not _is_robust(split.multipliers):
        return _Measure(
            bounded.cost, lambda part, told: lower_bound(part, prices_of(part, told.multipliers))
        )
    outlook = _outlook(selections)
    depths = depth_curves(bounded.curves, views(bounded, selections), outlook)

    def upper(shares: Floats) -> float:
        return outlook.worth(outcomes(bounded.curves, depths, shares, outlook=outlook))

    def lower(part: ScaledProblem, told: PartBound) -> float:
        prices = prices_of(part, _of_rows(told.multipliers))
        tail = read_tail(outlook, told.multipliers)
        return robust_bound(part, depths, outlook, prices=prices, tail=tail).value

    return _Measure(upper, lower)


# Of every curve: its share, and what its next unit may cost by the multipliers. Where depth may
# leave, its share and what is best by the multipliers, as large as they are to what is left.
def _asked(
    selections: Sequence[Selection],
    scaled: ScaledProblem,
    shares: Floats,
    *,
    multipliers: tuple[Multiplier, ...],
) -> list[_Asked]:
    if not _is_robust(multipliers):
        bests = cheapest(scaled, prices_of(scaled, multipliers))
        pairs = zip(shares.tolist(), bests, strict=True)
        return [_Asked((share,), (best.rate,)) for share, best in pairs]
    outlook = _outlook(selections)
    bound = robust_bound(
        scaled,
        depth_curves(scaled.curves, views(scaled, selections), outlook),
        outlook,
        prices=prices_of(scaled, _of_rows(multipliers)),
        tail=read_tail(outlook, multipliers),
    )
    left = sorted({1.0, *outlook.pool_depths.tolist()})
    return [
        _Asked(tuple(x / depth for depth in left for x in pair), ())
        for pair in zip(shares.tolist(), bound.shares, strict=True)
    ]


# Whether a proof is of what may happen before inclusion: then it weighs the scenarios.
def _is_robust(multipliers: Iterable[Multiplier]) -> bool:
    return any(m.row.startswith(f"{INCLUSION}:") for m in multipliers)


def _of_rows(multipliers: Iterable[Multiplier]) -> list[Multiplier]:
    return [m for m in multipliers if not m.row.startswith(f"{INCLUSION}:")]


def _outlook(selections: Sequence[Selection]) -> Outlook:
    uncertainty = selections[0].market.problem.uncertainty
    if uncertainty is None:
        raise CertificateError("the proof weighs scenarios, and the problem states none")
    return outlook_of(uncertainty)


# The selections with their networks solved where they are asked for.
def _sharper(
    selections: Sequence[Selection], scaled: ScaledProblem, asked: Sequence[_Asked]
) -> list[Selection]:
    sources = [list(selection.sources) for selection in selections]
    for order, place, own in _chains(selections):
        sharper = _solved_at([sources[order][i] for i in own], scaled.curves[place], asked[place])
        for k, network in sharper.items():
            made = replace(sources[order][own[k]], way=network, curve=network.curve)
            sources[order][own[k]] = made
    return [selected(s.market, tuple(own)) for s, own in zip(selections, sources, strict=True)]


# Each network with more sizes: at the rates that a unit is worth, and its parts of the shares.
def _solved_at(sources: Sequence[Source], curve: ScaledCurve, asked: _Asked) -> dict[int, Network]:
    networks = {i: s.way for i, s in enumerate(sources) if isinstance(s.way, Network)}
    if not networks:
        return {}
    marginals = [(rate + curve.curve.sign) * curve.mid for rate in asked.rates]
    found = {i: network.refined(marginals=marginals) for i, network in networks.items()}
    together = aggregate([found[i].curve if i in found else s.curve for i, s in enumerate(sources)])
    parts = [
        together.split(min(share * curve.quantity, together.capacity)) for share in asked.shares
    ]
    return {i: n.refined(at=[float(part[i]) for part in parts]) for i, n in found.items()}


def _merged(curves: Sequence[CostCurve]) -> CostCurve:
    return merge(curves) if len(curves) > 1 else curves[0]
