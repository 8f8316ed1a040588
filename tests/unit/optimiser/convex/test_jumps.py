"""Margin that jumps with the tier, charged at one tier's rate and kept below a tier's end."""

from dataclasses import replace

import numpy as np
import pytest

from router.domain.certificate import Assumption, AssumptionKind
from router.domain.margin import InitialMargin, MarginTier
from router.domain.units import PICO_PER_UNIT, Pico
from router.optimiser.convex.jumps import (
    assumed,
    capped,
    charged,
    highest,
    lowest,
    tier_before,
    tier_reached,
)
from router.optimiser.market.market import prepare, select
from router.optimiser.market.scaling import scale
from tests.unit.optimiser.world import USD, book, pool, problem

# 100 ETH at 2,000 are the order: 200,000 dollars.
TIERS = tuple(
    MarginTier(above * USD, leverage, Pico(PICO_PER_UNIT // (2 * leverage)))
    for above, leverage in ((0, 20), (50_000, 10), (100_000, 5))
)
EQUITY = 30_000.0


def scaled_of(position_lots=0):
    made = replace(
        book(position_lots=position_lots, leverage=20),
        tiers=TIERS,
        initial_margin=InitialMargin.CAPPED,
    )
    asked = problem(quantity=100.0, pools=(pool(),), books=(made,), equity=EQUITY)
    return scale(select(prepare(asked), (0,)), 100.0)


def margin_left(scaled, share):
    """Return what initial margin leaves of the equity after a share of the book, in dollars."""
    shares = np.array([1.0 - share, share])
    loss = scaled.slips(shares)[1] + float(scaled.accounts[0].against_mark[0]) * share
    used = float(scaled.uses(shares)[scaled.first_rows[0]]) - loss
    return (float(scaled.accounts[0].rooms[0]) - used) * 200_000.0


@pytest.mark.parametrize("position_lots", [0, 100_000, -100_000])
@pytest.mark.parametrize("tier", [0, 1, 2])
def test_a_tier_charges_the_whole_notional_at_its_rate(tier, position_lots):
    part = charged(scaled_of(position_lots), scaled_of(position_lots).jumps[0], tier=tier)

    for share in (0.0, 0.1, 0.4):
        notional = abs(position_lots * 1e-4 * 2_000.0 + share * 200_000.0)
        expected = EQUITY - notional / (20, 10, 5)[tier]
        assert margin_left(part, share) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("position_lots", "share", "before", "reached"),
    [
        (0, 0.2, 0, 0),
        (0, 0.25, 0, 0),  # a notional at the bound is in the tier below
        (0, 0.2501, 0, 1),
        (250_000, 0.0, 0, 0),  # 50,000 dollars long
        (300_000, 0.3, 1, 2),
        (-300_000, 0.1, 0, 0),  # 60,000 short becomes 40,000: what only shrinks has left no tier
        (-300_000, 0.9, 0, 2),
    ],
)
def test_tiers_before_and_after_are_told_by_the_notional(position_lots, share, before, reached):
    scaled = scaled_of(position_lots)
    (jump,) = scaled.jumps

    assert tier_before(scaled, jump) == before
    assert tier_reached(scaled, jump, np.array([1.0 - share, share])) == reached


def test_assumptions_bound_the_tiers_and_the_last_of_a_kind_counts():
    scaled = scaled_of()
    (jump,) = scaled.jumps
    assert (lowest(scaled, jump), highest(scaled, jump)) == (0, 2)

    part = assumed(scaled, Assumption(AssumptionKind.TIER_MIN, jump.instrument, 1))
    part = assumed(part, Assumption(AssumptionKind.TIER_MAX, jump.instrument, 2))
    part = assumed(part, Assumption(AssumptionKind.TIER_MAX, jump.instrument, 1))

    assert (lowest(part, jump), highest(part, jump)) == (1, 1)
    assert len(part.assumptions) == 2


def test_a_growing_position_is_capped_where_the_tier_ends():
    scaled = scaled_of(100_000)  # 20,000 dollars long
    (jump,) = scaled.jumps

    part = capped(scaled, jump, least=0, most=0, is_strict=False)
    whole = capped(scaled, jump, least=0, most=2, is_strict=False)

    assert part.curves[1].cap * 200_000.0 == pytest.approx(30_000.0)
    assert whole.curves[1].cap == scaled.curves[1].cap


def test_a_shrinking_position_above_the_tier_is_charged_steeply_there_and_as_told_below():
    scaled = charged(scaled_of(-300_000), scaled_of(-300_000).jumps[0], tier=0)  # 60,000 short
    (jump,) = scaled.jumps

    part = capped(scaled, jump, least=0, most=0, is_strict=False)

    assert margin_left(part, 0.01) < -1e6  # 58,000 left: above the tier
    assert margin_left(part, 0.1) == pytest.approx(EQUITY - 40_000 / 20, abs=1e-3)
