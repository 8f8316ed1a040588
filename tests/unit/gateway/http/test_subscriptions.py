import asyncio

import pytest

from router.gateway.access import PERMISSIONS, AccessError, Principal
from router.gateway.http import subscriptions
from router.gateway.http.latest_hub import LatestHub
from router.gateway.http.problems import ProblemError
from router.gateway.http.reports_hub import ReportsHub
from router.gateway.http.risk_hub import RiskHub
from router.gateway.http.stream_messages import Subscribe
from router.gateway.http.subscriptions import Hubs, Subscriptions
from tests.unit.gateway.http.hub_scene import Clock, Line, box, said, settled

VIEWER = Principal("k", "desk", ("viewer",), PERMISSIONS["viewer"], ("main",))


def wanted(name="s", channel="status", **more):
    return Subscribe(op="subscribe", id=name, channel=channel, **more)


class Replaced(Line):
    """A daemon that comes back with another journal while somebody asks for its orders."""

    hub = None

    async def ask(self, do, **fields):
        if do != "orders":
            return await super().ask(do, **fields)
        self.hub.journal = "another"
        return {"orders": [], "next": None}


def story(tell, line=None):
    async def run():
        async with asyncio.TaskGroup() as group:
            on, clock = line or Line(), Clock()
            latest = LatestHub(on, clock, group)
            on.hub = reports = ReportsHub(on, clock)
            hubs = Hubs.of(on, reports=reports, risk=RiskHub(on, clock), latest=latest)
            running = group.create_task(reports.run())
            await settled()
            outbox = box()
            subscribed = Subscriptions(hubs, outbox, principal=VIEWER, group=group)
            await tell(subscribed, outbox)
            subscribed.end_all()
            latest.close()
            running.cancel()

    asyncio.run(run())


def test_a_name_is_given_once():
    async def tell(subscribed, outbox):
        await subscribed.begin(wanted())
        with pytest.raises(ProblemError) as refused:
            await subscribed.begin(wanted())

        assert refused.value.code == "duplicate"
        assert said(outbox.take())["op"] == "subscribed"

    story(tell)


def test_a_name_is_free_again_once_it_has_ended():
    async def tell(subscribed, _outbox):
        await subscribed.begin(wanted())
        subscribed.end("s")
        await subscribed.begin(wanted())
        with pytest.raises(ProblemError) as refused:
            subscribed.end("another")

        assert refused.value.code == "unknown"

    story(tell)


def test_a_stream_has_so_many_and_no_more():
    async def tell(subscribed, _outbox):
        for number in range(subscriptions.SUBSCRIPTIONS_MAX):
            await subscribed.begin(wanted(f"s-{number}"))
        with pytest.raises(ProblemError) as refused:
            await subscribed.begin(wanted("more"))

        assert refused.value.code == "busy"

    story(tell)


def test_what_is_the_whole_desks_is_not_for_one_account():
    async def tell(subscribed, _outbox):
        with pytest.raises(AccessError):
            await subscribed.begin(wanted("k", "risk"))
        with pytest.raises(AccessError):
            await subscribed.begin(wanted("r", "reports", account="theirs"))

    story(tell)


def test_a_snapshot_of_one_journal_does_not_begin_a_stream_of_another():
    async def tell(subscribed, outbox):
        with pytest.raises(ProblemError) as refused:
            await subscribed.begin(wanted("r", "reports", snapshot=True))

        assert refused.value.code == "lost"
        assert outbox.waiting == 0

    story(tell, Replaced())
