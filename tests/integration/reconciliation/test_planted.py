"""Discrepancies planted at both sandboxes: found, named, and resolved or halted by the table."""

import asyncio

from router.compose.reconcile import reconcile
from router.domain.difference import DifferenceKind
from router.reconciliation.kinds import RULES, Resolution
from tests.integration.reconciliation.day import opened, rehearsal
from tests.integration.reconciliation.planted import CASES

DEADLINE_S = 180
CASE_S = 30
PLANTED_MIN = 30


async def checked(day, case):
    """Plant one discrepancy, compare what is found with what must be, and come back to clean."""
    day.told.clear()

    await case.plant(day)
    await day.look()
    await day.until(lambda: case.halts <= day.halting and case.told <= day.told)
    await day.look()

    assert day.halting == case.halts
    assert day.told == case.halts | case.told
    if case.halts:
        refused = await day.trade("buy", "0.1")
        assert "headrace accept" in refused.reason
        await day.desk.accept(case.name)
    await day.until(lambda: day.world.is_ready and not day.halting)


def test_every_discrepancy_is_found_named_and_resolved_or_halted(chain, path):
    wrong = {}

    async def rehearsed():
        async with rehearsal(chain, path, within_s=DEADLINE_S) as day, opened(day, path):
            for case in CASES:
                async with asyncio.timeout(CASE_S):
                    try:
                        await checked(day, case)
                    except AssertionError as error:
                        wrong[case.name] = str(error)
                        await day.desk.accept(case.name)
                        await day.look()
            told = await reconcile(day.desk.runtime, day.clock.now())
            assert (told["ready"], told["halting"]) == (True, [])

    asyncio.run(rehearsed())

    assert wrong == {}
    assert len(CASES) >= PLANTED_MIN


def test_what_is_planted_halts_or_is_told_as_the_table_says():
    for case in CASES:
        assert all(RULES[kind].resolution is Resolution.HALT for kind in case.halts), case.name
        assert all(RULES[kind].resolution is not Resolution.HALT for kind in case.told), case.name
        assert (case.halts | case.told) <= set(DifferenceKind), case.name
