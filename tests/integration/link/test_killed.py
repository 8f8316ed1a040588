"""A daemon killed in the middle: what it told, and what it tells after, are the same bytes."""

import asyncio
import signal

import orjson

from tests.integration.link.gateway import WAITS, ended, gateway, reports, submit

NAMES = ("a", "b", "c")


def test_reports_after_a_kill_are_those_of_before_from_every_place_and_go_on(desk):
    with desk.daemon() as (process, _):
        before = asyncio.run(_traded(desk, process))
    with desk.daemon():
        whole, rests = asyncio.run(_again(desk))

    assert [_bytes(each) for each in whole[: len(before)]] == [_bytes(each) for each in before]
    for count, rest in rests:
        assert rest == whole[count:]
    lasts = {each["client_order_id"]: each["status"] for each in whole}
    assert {lasts[name] for name in NAMES} == {"filled"}
    assert lasts["waits"] == "canceled"
    places = [tuple(each["place"]) for each in whole]
    assert places == sorted(set(places))


# Killed while an order waits and one is being traded.
async def _traded(desk, process):
    async with gateway(desk) as line:
        await submit(line, "waits", **WAITS)
        for name in NAMES[:-1]:
            await submit(line, name)
        found = await reports(line, [0, -1], until=ended(NAMES[1]))
        await submit(line, NAMES[-1])
        process.send_signal(signal.SIGKILL)
        process.wait()
        return found


async def _again(desk):
    async with gateway(desk) as line:
        known = await submit(line, NAMES[-1])
        assert not known["is_new"]
        await reports(line, [0, -1], until=ended(NAMES[-1]))
        await line.ask(
            "cancel", order="waits", client="acme", request="stop", by="ann", wait_s="30"
        )
        whole = await reports(line, [0, -1], until=ended("waits"))
        rests = [
            (count, await reports(line, whole[count - 1]["place"], until=ended("waits")))
            for count in range(1, len(whole), 3)
        ]
        found = await line.ask("find", client="acme", name="stop")
        assert (found["role"], found["outcome"]) == ("cancel", "done")
        return whole, rests


def _bytes(report):
    return orjson.dumps(report)
