"""The line to the daemon: what is told when there is none, and that it is found again."""

import asyncio

import pytest

from router.gateway.http.desk_line import KeptLine
from router.gateway.link import Code, LinkError, link_path
from router.shell.clock import SystemClock
from tests.integration.http.scripted import ScriptedDesk, linked_desk


def test_a_line_is_opened_again_and_nothing_is_asked_twice(tmp_path):
    journal, desk = tmp_path / "j", ScriptedDesk()

    async def story():
        line = KeptLine(link_path(journal), SystemClock())
        keeping = asyncio.create_task(line.keep())
        with pytest.raises(LinkError) as unsent:
            await line.ask("status")
        async with linked_desk(journal, desk) as daemon:
            await line.linked.wait()
            desk.gate.clear()
            asked = asyncio.create_task(line.ask("quote", order={}))
            await desk.asked_for("quote")
            await daemon.hang_up()
            with pytest.raises(LinkError) as unknown:
                await asked
            await daemon.come_back()
            await line.linked.wait()
            assert (await line.ask("status"))["journal"] == "j-1"
        keeping.cancel()
        await asyncio.wait({keeping})

        assert (unsent.value.code, unknown.value.code) == (Code.DEGRADED, Code.AWAY)
        assert desk.count("quote") == 1

    asyncio.run(asyncio.wait_for(story(), 20))
