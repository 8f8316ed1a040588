"""What outlives the death of the gateway, of the line to the desk, and of the peer's connection."""

import asyncio
import datetime as dt
import random
from contextlib import asynccontextmanager

import pytest

from tests.integration.fix.desk import Desk, served
from tests.integration.fix.ems import Ems
from tests.integration.fix.gateway import Gateway, order, running, session


@asynccontextmanager
async def world(tmp_path, *tables):
    gateway, desk = Gateway(tmp_path, "\n".join(tables)), Desk()
    async with served(desk, gateway.journal):
        with running(gateway):
            yield gateway, desk


def test_an_order_that_was_not_answered_when_the_gateway_died_is_asked_for_again(tmp_path):
    async def play():
        async with world(tmp_path, session("EMS")) as (gateway, desk):
            ems = Ems("EMS")
            desk.held.add("submit")
            async with ems.on_line(gateway):
                ems.send("D", order("a1"))
                await desk.was_asked("submit")
                gateway.kill()
            desk.release()
            await desk.was_asked("status")
            gateway.start()
            async with ems.on_line(gateway):
                await ems.took_exec("a1", "0")
                asked = await desk.was_asked("submit", 2)

            assert [each["on_known"] for each in asked] == ["refuse", "return"]
            assert asked[0]["order"]["client_order_id"] == asked[1]["order"]["client_order_id"]
            assert len(ems.exec_ids) == len(set(ems.exec_ids)) == 1

    asyncio.run(play())


def test_an_order_is_asked_for_again_when_the_desk_is_back(tmp_path):
    async def play():
        gateway, desk = Gateway(tmp_path, session("EMS")), Desk()
        ems = Ems("EMS")
        with running(gateway):
            desk.held.add("submit")
            async with ems.on_line(gateway):
                async with served(desk, gateway.journal):
                    await desk.was_asked("status")
                    ems.send("D", order("a1"))
                    await desk.was_asked("submit")
                desk.release()
                async with served(desk, gateway.journal):
                    await ems.took_exec("a1", "0")

        assert [each["on_known"] for each in desk.told("submit")] == ["refuse", "return"]

    asyncio.run(play())


def test_an_order_that_was_never_sent_is_refused_while_the_desk_is_away(tmp_path):
    async def play():
        with running(Gateway(tmp_path, session("EMS"))) as gateway:
            ems = Ems("EMS")
            async with ems.on_line(gateway):
                ems.send("D", order("a1"))
                said = await ems.took_exec("a1", "8")

        assert said[39] == "8"
        assert "nothing was done" in said[58]

    asyncio.run(play())


def test_what_was_reported_while_the_peer_was_away_is_fetched(tmp_path):
    async def play():
        async with world(tmp_path, session("EMS")) as (gateway, desk):
            ems = Ems("EMS")
            async with ems.on_line(gateway):
                ems.send("D", order("a1"))
                await ems.took_exec("a1", "0")
            for number in range(5):
                await desk.report("a1", "trade", "partially_filled", text=f"t{number}")
            async with ems.on_line(gateway):
                await ems.took(lambda said: said[58] == "t4")

            assert [said[58] for said in ems.reports[1:]] == [f"t{n}" for n in range(5)]
            assert len(ems.exec_ids) == len(set(ems.exec_ids)) == 6

    asyncio.run(play())


def test_reports_go_on_where_they_were_when_the_gateway_was_away(tmp_path):
    async def play():
        async with world(tmp_path, session("EMS")) as (gateway, desk):
            ems = Ems("EMS")
            async with ems.on_line(gateway):
                ems.send("D", order("a1"))
                await ems.took_exec("a1", "0")
                gateway.kill()
            await desk.report("a1", "trade", "filled", text="while away")
            gateway.start()
            async with ems.on_line(gateway):
                await ems.took(lambda said: said[58] == "while away")

            assert len(ems.exec_ids) == len(set(ems.exec_ids)) == 2

    asyncio.run(play())


def test_a_reset_hides_no_report(tmp_path):
    async def play():
        async with world(tmp_path, session("EMS", allow_reset="true")) as (gateway, desk):
            ems = Ems("EMS")
            async with ems.on_line(gateway):
                ems.send("D", order("a1"))
                await ems.took_exec("a1", "0")
            await desk.report("a1", "trade", "filled", text="while away")
            async with ems.on_line(gateway, "141=Y|"):
                said = await ems.took_exec("a1", "I")
                ems.send("D", order("a2"))
                await ems.took_exec("a2", "0")

            assert said[39] == "2"

    asyncio.run(play())


def test_a_store_that_is_gone_hides_no_report(tmp_path):
    async def play():
        async with world(tmp_path, session("EMS")) as (gateway, desk):
            ems = Ems("EMS")
            async with ems.on_line(gateway):
                ems.send("D", order("a1"))
                await ems.took_exec("a1", "0")
            await desk.report("a1", "trade", "filled", text="while away")
            async with ems.on_line(gateway):
                await ems.took(lambda said: said[58] == "while away")
            await desk.report("a1", "trade_cancel", "canceled", text="and gone")
            gateway.kill()
            for each in gateway.journal.with_name("desk.journal-fix").glob("FIX.4.4-*"):
                each.unlink()
            gateway.start()
            anew = Ems("EMS")
            async with anew.on_line(gateway):
                said = await anew.took_exec("a1", "I")

            assert said[39] == "4"

    asyncio.run(play())


def test_a_schedule_that_begins_anew_hides_no_report(tmp_path):
    async def play():
        begin = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=4)
        end = begin - dt.timedelta(seconds=2)
        terms = {"start_time": f'"{begin:%H:%M:%S}"', "end_time": f'"{end:%H:%M:%S}"'}
        async with world(tmp_path, session("EMS", **terms)) as (gateway, desk):
            ems = Ems("EMS")
            async with ems.on_line(gateway):
                ems.send("D", order("a1"))
                await ems.took_exec("a1", "0")
                await ems.is_left()
            await desk.report("a1", "trade", "filled", text="while away")
            said = await _back_in_time(gateway)

            assert said[39] == "2"

    asyncio.run(play())


async def _back_in_time(gateway):
    async with asyncio.timeout(30):
        while True:
            anew = Ems("EMS")
            async with anew.on_line(gateway):
                if not await anew.is_refused():
                    return await anew.took_exec("a1", "I")


def test_another_journal_under_the_same_stores_is_told_of_from_its_beginning(tmp_path):
    async def play():
        gateway, later, earlier = Gateway(tmp_path, session("EMS")), Desk(), Desk()
        later, earlier = sorted((later, earlier), key=lambda each: -each.base)
        with running(gateway):
            ems = Ems("EMS")
            async with ems.on_line(gateway):
                async with served(later, gateway.journal):
                    ems.send("D", order("a1"))
                    await ems.took_exec("a1", "0")
                async with served(earlier, gateway.journal):
                    ems.send("D", order("a2"))
                    await ems.took_exec("a2", "0")

    asyncio.run(play())


def test_what_only_looks_like_a_reset_keeps_no_report_back(tmp_path):
    async def play():
        async with world(tmp_path, session("EMS", allow_reset="true")) as (gateway, desk):
            ems = Ems("EMS")
            async with ems.on_line(gateway):
                ems.send("D", order("a1"))
                await ems.took_exec("a1", "0")
                ems.send("D", order("a2") + "141=Y|")
                await desk.report("a1", "trade", "filled", text="told")
                await ems.took(lambda said: said[58] == "told")

    asyncio.run(play())


def test_every_report_comes_once_though_the_gateway_is_killed(tmp_path):
    asyncio.run(_killed_again_and_again(tmp_path, seed=0, count=60))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 4))
def test_every_report_comes_once_however_often_the_gateway_is_killed(tmp_path, seed):
    asyncio.run(_killed_again_and_again(tmp_path, seed=seed, count=300))


async def _killed_again_and_again(tmp_path, *, seed, count):
    async with world(tmp_path, session("EMS")) as (gateway, desk):
        ems, chance, sent = Ems("EMS"), random.Random(seed), 0
        while sent < count or len(ems.exec_ids) < count:
            async with ems.on_line(gateway):
                for _ in range(min(count - sent, chance.randrange(20, 60))):
                    ems.send("D", order(f"a{sent}"))
                    sent += 1
                seen = min(sent, len(ems.exec_ids) + chance.randrange(1, 30))
                await ems.took(lambda _, seen=seen: len(ems.exec_ids) >= seen)
                gateway.kill()
            gateway.start()

        assert sorted(desk.orders) == sorted(f"a{number}" for number in range(count))
        assert len(ems.exec_ids) == len(set(ems.exec_ids)) == count
