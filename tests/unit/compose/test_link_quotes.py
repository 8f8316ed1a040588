"""Quotes executed over the link: by who was shown them, once, under one name."""

from router.domain.plan import PlannedRoute
from router.domain.units import TimestampNs
from router.gateway.link import Code
from router.journal.codec import decode_event
from router.shell import quote_file, store
from tests.unit.compose.linked_floor import kept
from tests.unit.engine.scene import POOL, Driver, order, plan
from tests.unit.shell.floor import run

WHO = {"client": "acme", "by": "ann"}


def events(folder):
    return [type(decode_event(r.event)).__name__ for r in store.read(folder / "desk.journal")]


def test_a_quote_that_was_executed_is_known_when_it_is_no_longer_kept(tmp_path):
    driver = Driver()
    driver.start()
    driver.submit(order())
    problem = driver.observe(order())
    planned = PlannedRoute(problem, plan(problem, (POOL, 10)))
    terms = {"base": "ETH", "quantity": "10", "quote": "USDC", "side": "buy"}
    shown = tuple({**terms, "client": "acme", "account": "main"}.items())

    async def told():
        async with kept(tmp_path) as desk:
            until = TimestampNs(desk.floor.clock.now() + 60 * 10**9)
            journal = tmp_path / "desk.journal"
            quote = quote_file.keep(journal, shown, planned, expires_at=until)
            asked = {**WHO, "account": "main", "client_order_id": "one", "quote_id": quote.id}
            first = await desk.ask("submit", order=asked)
            (quote_file.folder_of(journal) / f"{quote.id}.json").unlink()
            again = await desk.ask("submit", order=asked)
            others = [
                await desk.fault("submit", order={**asked, **other})
                for other in (
                    {"client_order_id": "two"},
                    {"account": "side"},
                    {"quote_id": "q-" + "0" * 16},
                    {"client": "other"},
                )
            ]
            return first, again, others

    first, again, others = run(told())

    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["order"] == again["order"]
    assert others == [Code.INVALID] * 4


def test_a_quote_is_executed_once_whatever_the_order_is_called(tmp_path):
    driver = Driver()
    driver.start()
    driver.submit(order())
    problem = driver.observe(order())
    planned = PlannedRoute(problem, plan(problem, (POOL, 10)))
    terms = {"base": "ETH", "quantity": "10", "quote": "USDC", "side": "buy"}

    async def told():
        async with kept(tmp_path) as desk:
            until = TimestampNs(desk.floor.clock.now() + 60 * 10**9)
            shown = tuple({**terms, "client": "acme", "account": "main"}.items())
            journal = tmp_path / "desk.journal"
            quote = quote_file.keep(journal, shown, planned, expires_at=until)
            asked = {**WHO, "account": "main", "client_order_id": "one", "quote_id": quote.id}
            first = await desk.ask("submit", order=asked)
            other = await desk.refused("submit", order={**asked, "client_order_id": "two"})
            again = await desk.ask("submit", order=asked)
            return first, other, again

    first, other, again = run(told())

    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["order"] == again["order"]
    assert (other.code, other.field) == (Code.INVALID, "quote_id")
    assert f"is executed by order {first['order']} already" in str(other)
    assert events(tmp_path).count("ParentSubmitted") == 1
