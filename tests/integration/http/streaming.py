"""What tests of streams say and listen to."""

import asyncio

from tests.integration.http.door import keyed, opened
from tests.integration.http.scripted import ScriptedDesk


def story(tmp_path, tell, *, text=None, desk=None, **options):
    async def run():
        scripted = desk or ScriptedDesk()
        async with (
            asyncio.timeout(60),
            opened(tmp_path, text or keyed(), scripted, **options) as client,
        ):
            await tell(client, scripted)

    asyncio.run(run())


async def heard(stream, op):
    """Return the next frame of a kind."""
    async with asyncio.timeout(20):
        while True:
            said = await stream.receive_json()
            if said["op"] == op:
                return said


async def subscribed(stream, name="r", channel="reports", **more):
    await stream.send_json({"op": "subscribe", "id": name, "channel": channel, **more})
    return await heard(stream, "subscribed")


async def places(stream, count):
    """Return the places of so many reports."""
    found = []
    while len(found) < count:
        found.extend(each["place"] for each in (await heard(stream, "events"))["events"])
    return found
