"""What a dry run predicts, against what comes of it: in a still market, and in a moving one."""

import asyncio
import sys
from statistics import median

import pytest

from tests.integration.quote.accuracy import Book, bench
from tests.integration.quote.mover import Mover

ORDERS = 200
MEDIAN_ERROR_MAX_BPS = 0.2
COVERAGE_MIN = 0.95
INCLUSION_S = 3.0
ITSELF_S = 0.3  # what an order takes of that time by itself
STEP_BPS = 1.0
WATCH_S = 30.0
PAUSE_S = 1.0


def run(scenario, *, seconds):
    async def bounded():
        async with asyncio.timeout(seconds):
            return await scenario

    return asyncio.run(bounded())


def tell(capsys, line):
    """Show what was measured, whatever is captured."""
    with capsys.disabled():
        sys.stdout.write(f"\n{line}\n")


async def still(made, *, count):
    """Trade in markets that nobody else moves."""
    while len(made.book.outcomes) < count:
        await made.one(made.request(least=5.0, most=150.0))
    return made.book


async def moving(made, running, *, count, watch_s, told, seed, inclusion_s=INCLUSION_S):
    """Trade beside somebody who moves every market before, between and after."""
    mover = Mover(running.chain.client, running.venue["url"], seed, STEP_BPS)
    moves = asyncio.create_task(mover.run())
    wishes, wait_s = {"inclusion_s": str(inclusion_s)}, inclusion_s - ITSELF_S
    if told:
        wishes["volatility_bps_hour"] = f"{mover.sigma_bps_hour:.2f}"
    try:
        await asyncio.sleep(watch_s)
        while len(made.book.outcomes) < count:
            assert not moves.done(), moves.result()
            await made.one(made.request(least=1.0, most=30.0), wait_s=wait_s, **wishes)
            await asyncio.sleep(PAUSE_S)
    finally:
        moves.cancel()
        await asyncio.wait([moves])
    return made.book


def test_a_few_orders_end_as_predicted_and_inside_the_band(floor, tmp_path, capsys):
    async def scenario():
        async with bench(floor, tmp_path, seed=1) as made:
            calm = await still(made, count=4)
            made.book = Book()
            words = {"count": 2, "watch_s": 0.5, "told": True, "seed": 2, "inclusion_s": 1.2}
            return calm, await moving(made, floor.running, **words)

    calm, rough = run(scenario(), seconds=120)

    tell(capsys, f"still: {calm.summary()}")
    tell(capsys, f"moving: {rough.summary()}")
    assert not calm.not_filled
    assert median(abs(o.error) for o in calm.outcomes) <= MEDIAN_ERROR_MAX_BPS
    assert all(o.drift is not None and o.is_inside for o in rough.outcomes)


@pytest.mark.soak
def test_over_two_hundred_orders_in_a_still_market(floor, tmp_path, capsys):
    async def scenario():
        async with bench(floor, tmp_path, seed=11) as made:
            return await still(made, count=ORDERS)

    book = run(scenario(), seconds=3_000)

    tell(capsys, f"still: {book.summary()}")
    assert len(book.not_filled) <= ORDERS // 20
    assert median(abs(o.error) for o in book.outcomes) <= MEDIAN_ERROR_MAX_BPS


@pytest.mark.soak
def test_over_two_hundred_orders_in_a_moving_market_the_band_holds_what_it_states(
    floor, tmp_path, capsys
):
    async def scenario():
        async with bench(floor, tmp_path, seed=12) as made:
            running, count = floor.running, ORDERS
            return await moving(made, running, count=count, watch_s=WATCH_S, told=False, seed=12)

    book = run(scenario(), seconds=3_000)

    tell(capsys, f"moving: {book.summary()}")
    inside = sum(o.is_inside for o in book.outcomes) / len(book.outcomes)
    assert len(book.not_filled) <= ORDERS // 20
    assert all(o.drift is not None for o in book.outcomes)
    assert inside >= COVERAGE_MIN
