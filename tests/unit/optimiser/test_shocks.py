"""Scenarios as arrays, against the exact numbers of the rows."""

import numpy as np
import pytest

from router.domain.margin import StressScenario, StressShock
from router.domain.units import AssetId, Pips
from router.optimiser.market.shocks import shocks_of
from router.risk.stress.rows import row_terms

ETH, BTC = AssetId("ETH"), AssetId("BTC")
ROWS = (
    StressScenario(
        "fall", Pips(-300_000), Pips(5_000), (StressShock(BTC, Pips(-200_000), Pips(0)),)
    ),
    StressScenario("basis", Pips(100_000), Pips(0), mark_pips=Pips(-50_000)),
    StressScenario(
        "closed",
        Pips(-250_000),
        Pips(-100),
        closed_pips=Pips(350_000),
        closed_at_pips=Pips(100_000),
    ),
    # Closed at +8 %, while the mark ends 1 % above: the better mark is not counted on.
    StressScenario(
        "late",
        Pips(100_000),
        Pips(0),
        mark_pips=Pips(-81_819),
        closed_pips=Pips(350_000),
        closed_at_pips=Pips(800_000),
    ),
)


@pytest.mark.parametrize("is_long", [True, False])
def test_every_array_says_what_the_exact_terms_say(is_long):
    found, sign = shocks_of(ROWS, (ETH, BTC)), 1.0 if is_long else -1.0
    gains = sign * found.gaps > 0.0
    kept = 1.0 - found.closed * gains

    for i, row in enumerate(ROWS):
        for j, asset in enumerate((ETH, BTC)):
            now = row_terms(row, asset)
            left = kept[i, j] * (1.0 + found.growth[i, j])
            gained = found.growth[i, j] - found.funding[i, j]
            gained -= sign * found.forgone[i, j] * gains[i, j]
            assert left == pytest.approx(float(now.left(is_long=is_long)), abs=1e-15)
            assert gained == pytest.approx(float(now.gain(is_long=is_long)), abs=1e-15)


def test_nothing_is_forgone_where_the_last_mark_is_the_worse_one():
    found = shocks_of(ROWS, (ETH,))

    assert found.forgone[:, 0] == pytest.approx([0.0, 0.0, 0.35 * (0.25 - 0.025), 0.0])
    assert np.all(shocks_of((), (ETH, BTC)).gaps == np.zeros((0, 2)))
