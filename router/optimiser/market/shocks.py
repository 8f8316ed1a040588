"""Stressed scenarios as arrays: what each does to positions in each asset.

Of every unit of signed notional at the mark. What is not exact in floats is checked in whole atoms.
Refuses to know positions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from router.domain.margin import StressScenario, StressShock
from router.domain.units import PIPS_PER_UNIT, AssetId
from router.optimiser.convex.rows import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Shocks:
    """Rates by scenario and asset, all of shape (n_scenarios, n_assets).

    Attributes
    ----------
    gaps : float64
        Change of the price; a position of its sign gains.
    growth : float64
        Change of the venue's mark.
    funding : float64
        What longs pay.
    closed : float64
        Share of a gaining position that the venue closes.
    forgone : float64
        What a gaining position loses of its gain by being closed early. Not negative.
    """

    gaps: Floats
    growth: Floats
    funding: Floats
    closed: Floats
    forgone: Floats


def shocks_of(scenarios: tuple[StressScenario, ...], assets: tuple[AssetId, ...]) -> Shocks:
    """Return what scenarios do to assets."""
    own = [[s.shock(asset) for asset in assets] for s in scenarios]
    shape = (len(scenarios), len(assets))

    def table(of: Callable[[StressShock], int]) -> Floats:
        pips = np.array([[of(shock) for shock in row] for row in own], dtype=np.float64)
        return pips.reshape(shape) / PIPS_PER_UNIT

    def column(of: Callable[[StressScenario], int]) -> Floats:
        pips = np.array([[of(s)] for s in scenarios], dtype=np.float64)
        return pips.reshape(len(scenarios), 1) / PIPS_PER_UNIT

    gaps = table(lambda shock: shock.gap_pips)
    growth = gaps
    if any(s.mark_pips for s in scenarios):
        growth = (1.0 + gaps) * (1.0 + column(lambda s: s.mark_pips)) - 1.0
    closed = column(lambda s: s.closed_pips) + np.zeros(shape)
    at_close = gaps * column(lambda s: s.closed_at_pips)
    forgone = closed * np.maximum(np.sign(gaps) * (growth - at_close), 0.0)
    return Shocks(gaps, growth, table(lambda shock: shock.funding_pips), closed, forgone)
