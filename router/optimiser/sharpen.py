"""Splits over networks, solved again where their answer lies, and proved by what bounds a network.

What a network costs is solved at some sizes only (`market.network`). A split over curves that are
smooth between these is sharpened by solving the sizes it asks for, and split again. Its proof is of
other curves: chords, which no flow is dearer than, and tangents, which none is cheaper than, with
the size of the split and the marginal cost of its multipliers among their samples. So whoever has
the shares and the multipliers can draw the same curves again. Refuses splits without networks: they
are proved as they are.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from router.domain.certificate import Certificate, Multiplier
from router.domain.error import CertificateError
from router.domain.units import PICO_PER_UNIT
from router.liquidity.aggregate import aggregate, merge
from router.liquidity.curve import CostCurve
from router.optimiser.convex.certificate import Split, cheapest, lower_bound, part_bound
from router.optimiser.convex.parts import part_of
from router.optimiser.convex.scaled import Floats, ScaledCurve, ScaledProblem
from router.optimiser.market.market import Selection, Source, selected
from router.optimiser.market.network import Network
from router.optimiser.proof import prices_of

GAP_GOAL: Final = 1e-7  # of the notional, a thousandth of a basis point: what the bounds may add
ROUNDS_MAX: Final = 4

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
        if best is None or proved[1].gap < best[2].gap:
            best = (selection, *proved)
        if proved[1].gap <= split.gap + GAP_GOAL:
            break
        selection = _sharper(selection, scaled, split)
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
    parts, lowest = [], math.inf
    for told in split.parts:
        part = part_of(bounded, told.assumptions)
        prices = prices_of(part, told.multipliers)
        lower = lower_bound(part, prices)
        parts.append(part_bound(part, prices, lower=lower))
        lowest = min(lowest, lower)
    upper = bounded.cost(split.shares)
    return bounded, replace(split, upper=upper, lower=min(lowest, upper), parts=tuple(parts))


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
    bests = cheapest(scaled, prices_of(scaled, multipliers))
    curves, place = list(scaled.curves), 0
    for selection in selections:
        for account, _ in selection.chains:
            own = selection.of(account)
            if any(isinstance(source.way, Network) for source in own):
                curve = curves[place]
                curves[place] = _bounded(
                    own, curve, share=float(shares[place]), rate=bests[place].rate
                )
            place += 1
        place += len(selection.market.problem.books)
    return replace(scaled, curves=tuple(curves))


def _bounded(
    sources: Sequence[Source], curve: ScaledCurve, *, share: float, rate: float
) -> ScaledCurve:
    sharper = _solved_at(sources, curve, share=share, rate=rate)
    uppers, floors = [s.curve for s in sources], [s.curve for s in sources]
    for i, network in sharper.items():
        uppers[i], floors[i] = network.curves.upper, network.curves.floor
    return replace(curve, curve=_merged(uppers), floor=_merged(floors))


# Each network with two more sizes: at the rate that a unit is worth, and what it is asked for.
def _solved_at(
    sources: Sequence[Source], curve: ScaledCurve, *, share: float, rate: float
) -> dict[int, Network]:
    marginal = (rate + curve.curve.sign) * curve.mid
    networks = {i: s.way for i, s in enumerate(sources) if isinstance(s.way, Network)}
    found = {i: network.refined(marginals=[marginal]) for i, network in networks.items()}
    together = aggregate([found[i].curve if i in found else s.curve for i, s in enumerate(sources)])
    parts = together.split(min(share * curve.quantity, together.capacity))
    return {i: network.refined(at=[float(parts[i])]) for i, network in found.items()}


# The selection with its networks solved where the split uses them.
def _sharper(selection: Selection, scaled: ScaledProblem, split: Split) -> Selection:
    bests = cheapest(scaled, prices_of(scaled, split.multipliers))
    sources: dict[int, Source] = dict(enumerate(selection.sources))
    for place, (account, _) in enumerate(selection.chains):
        own = [i for i, s in sources.items() if s.instrument.account == account]
        sharper = _solved_at(
            [sources[i] for i in own],
            scaled.curves[place],
            share=float(split.shares[place]),
            rate=bests[place].rate,
        )
        for k, network in sharper.items():
            sources[own[k]] = replace(sources[own[k]], way=network, curve=network.curve)
    return selected(selection.market, tuple(sources.values()))


def _merged(curves: Sequence[CostCurve]) -> CostCurve:
    return merge(curves) if len(curves) > 1 else curves[0]
