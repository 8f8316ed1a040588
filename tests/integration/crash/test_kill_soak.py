"""Kill -9 of real daemons while orders come in, at random moments and at each named point."""

import asyncio
import random

import pytest

from router.compose.sandbox import sandboxes
from tests.integration.crash.arena import POINTS, Round, Tally, check, zygote

KILLS_A_ROUND = 25
SOAK_KILLS = 500
HALVES = 2  # which two processes may run side by side
NAIVE_POINTS = ("sent submit", "reply submit", "sent submit", "reply submit")
# Of what a desk does for an order, one point each: from the order's record to the last look.
SLICE = (
    "before ParentSubmitted",
    "durable ParentSubmitted",
    "durable RouteSolved",
    "reply sign",
    "accepted ChildSigned",
    "call submit",
    "sent submit",
    "reply submit",
    "before ChildFilled",
    "durable ChildFilled",
    "accepted ChildEnded",
    "before AccountsObserved",
)


@pytest.fixture(scope="module")
def counterparties(tmp_path_factory):
    folder = tmp_path_factory.mktemp("soak") / "sandboxes"
    with sandboxes(folder, seed=5, block_time_s=0.25, collateral_usd=200_000) as running:
        yield running


async def kill_all(running, folder, points, tally):
    """Kill in rounds of a journal each, and check after each round."""
    async with zygote() as daemon:
        for number, start in enumerate(range(0, len(points), KILLS_A_ROUND)):
            made = Round(running, folder / str(number), seed=number)
            before, after = await made.run(daemon, points[start : start + KILLS_A_ROUND], tally)
            check(made, before, after, tally)
            print(f"round {number}: {tally.line()}", flush=True)  # noqa: T201 - a soak is long


async def kill_naive(running, folder, points, tally):
    """Kill a naive desk; return how many orders it was asked for and how many it had traded."""
    async with zygote() as daemon:
        made = Round(running, folder, seed=0, is_naive=True)
        before, after = await made.run(daemon, points, tally)
    return len(made.wanted), len(after["orders"].keys() - before["orders"].keys())


def test_a_kill_at_each_step_of_an_order_loses_nothing_and_doubles_nothing(
    counterparties, tmp_path, record_testsuite_property
):
    tally = Tally()

    asyncio.run(kill_all(counterparties, tmp_path, SLICE, tally))

    record_testsuite_property("kills", tally.line())
    assert (tally.lost, tally.doubled) == ([], [])
    assert tally.kills.total() == len(SLICE)
    assert tally.intents > 0


def test_a_desk_that_sends_before_it_writes_doubles_under_the_same_kills(counterparties, tmp_path):
    wanted, traded = asyncio.run(
        kill_naive(counterparties, tmp_path / "naive", NAIVE_POINTS, Tally())
    )

    assert traded > wanted


@pytest.mark.soak
@pytest.mark.parametrize("half", range(HALVES))
def test_five_hundred_kills_lose_nothing_and_double_nothing(
    half, counterparties, tmp_path, record_testsuite_property
):
    chance, tally = random.Random(half), Tally()
    kills = SOAK_KILLS // HALVES
    named = [*POINTS, *chance.choices(POINTS, k=kills // 2 - len(POINTS))]
    points = [*named, *[None] * (kills - len(named))]
    chance.shuffle(points)

    asyncio.run(kill_all(counterparties, tmp_path, points, tally))

    record_testsuite_property("kills", tally.line())
    assert (tally.lost, tally.doubled) == ([], [])
    assert tally.kills.total() == kills
