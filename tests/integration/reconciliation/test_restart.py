"""What happened while the desk was away is found before it is ready for orders."""

import asyncio

import pytest

from router.compose.recovery import verify
from router.domain.difference import DifferenceKind as K
from tests.integration.reconciliation import planted
from tests.integration.reconciliation.day import opened, rehearsal

DEADLINE_S = 60


async def nothing(_day):
    return


async def our_swap_is_void(day):
    await asyncio.to_thread(day.reorganise)


AWAY = [
    (nothing, set()),
    (planted.somebody_buys, {K.FOREIGN_FILL}),
    (planted.collateral_is_withdrawn, {K.WITHDRAWAL}),
    (planted.collateral_is_paid_in, set()),
    (planted.tokens_come_in, set()),
    (planted.tokens_are_sent_away_with_our_key, {K.NONCE_AHEAD, K.GAS, K.WITHDRAWAL}),
    (planted.the_coin_is_gone, {K.GAS}),
    (planted.a_token_balance_is_less_without_a_transfer, {K.BALANCE}),
    (our_swap_is_void, {K.REORGED}),
]


@pytest.mark.parametrize(("plant", "halts"), AWAY, ids=lambda each: getattr(each, "__name__", None))
def test_a_desk_that_comes_back_finds_it_and_takes_no_order(chain, path, plant, halts):
    async def rehearsed():
        async with rehearsal(chain, path, within_s=DEADLINE_S) as day:
            async with opened(day, path):
                await day.traded("buy", "1", venues="local")
                await day.traded("sell", "1", venues="hyperliquid")
                await day.look()
            await plant(day)
            async with opened(day, path):
                await day.until(lambda: day.halting == halts)
                if halts:
                    assert "headrace accept" in (await day.trade("buy", "0.1")).reason
            async with opened(day, path):
                assert day.halting == halts, "another start forgets nothing"
                assert day.told == set(), "and tells nothing twice"
                if halts:
                    await day.desk.accept("known")
                await day.until(lambda: day.world.is_ready and not day.halting)
                await day.traded("buy", "0.2", venues="hyperliquid")

    asyncio.run(rehearsed())

    result = verify(path.parent / "headrace.journal")
    assert result.fault is None, result.fault
