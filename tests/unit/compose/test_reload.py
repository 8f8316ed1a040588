import asyncio
from contextlib import asynccontextmanager

import pytest

from router.compose.assembly import assemble
from router.compose.desk import Desk
from router.compose.reload import changed, reread
from router.compose.reporting import Reporting
from router.compose.requests import answer
from router.domain.error import ConfigError, OrderError
from router.domain.event import LimitsChanged
from router.gateway.feed import Feed
from router.shell.clock import SystemClock
from router.shell.switchboard import Switchboard
from tests.unit.compose.desk_file import DESK, ENVIRONMENT
from tests.unit.shell.floor import Floor, events, opened, run
from tests.unit.shell.test_config_controls import FIRM_TABLE

SMALLER = DESK.replace('USDC = "2000000"', 'USDC = "1000"')


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "desk.toml"
    path.write_text(DESK, encoding="utf-8")
    return path


def assembled(path):
    return assemble(path, ENVIRONMENT, SystemClock())


def test_limits_and_controls_are_read_anew(file):
    assembly = assembled(file)
    file.write_text(SMALLER + FIRM_TABLE, encoding="utf-8")

    limits = reread(assembly, ENVIRONMENT)

    assert limits.order_notional_max[0].atoms == 1_000 * 10**6
    assert limits.controls is not None
    assert changed(assembly.config.limits, limits) == ("order_notional_max", "controls")
    assert changed(limits, limits) == ()


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('journal = "desk.journal"', 'journal = "other.journal"', "engine.journal"),
        ("solve_deadline_ms = 5000", "solve_deadline_ms = 50", "engine.solve_deadline_ms"),
        ("book_age_max_ms = 3000", "book_age_max_ms = 1", "staleness"),
        ("ETH = 18", "ETH = 17", "assets"),
        ("confirmations = 1", "confirmations = 2", "chains"),
        ("leverage = 10", "leverage = 3", "venues"),
    ],
)
def test_what_else_has_changed_is_named_and_refused(file, old, new, key):
    assembly = assembled(file)
    assert DESK.count(old) == 1
    file.write_text(DESK.replace(old, new), encoding="utf-8")

    with pytest.raises(ConfigError, match=f"desk.toml: {key}: has changed"):
        reread(assembly, ENVIRONMENT)


def test_a_limit_of_an_account_that_does_not_exist_is_refused_at_the_start_and_anew(file):
    table = FIRM_TABLE + '\n[controls.account."nobody"]\nleverage_max_pct = 100\n'
    assembly = assembled(file)
    file.write_text(DESK + table, encoding="utf-8")

    for attempt in (lambda: reread(assembly, ENVIRONMENT), lambda: assembled(file)):
        with pytest.raises(ConfigError, match=r'controls\.account\."nobody": there is none'):
            attempt()


@asynccontextmanager
async def running(file, journal_path):
    """Run a desk whose configuration is the file, over venues in memory."""
    floor = Floor()
    board = Switchboard(floor.clock)
    async with opened(journal_path) as journal, floor.running(journal) as runtime:
        assembly = assembled(file)
        yield Desk(
            assembly,
            runtime,
            journal_id="journal",
            switchboard=board,
            feed=Feed("desk"),
            reporting=Reporting(journal_path, "journal", assembly.config.assets, begun=0),
        )


def test_a_running_desk_takes_new_limits_on_record_and_the_same_again_does_nothing(file, tmp_path):
    path = tmp_path / "a.journal"

    async def reloaded():
        async with running(file, path) as desk:
            await desk.reload("anna", ENVIRONMENT)
            file.write_text(SMALLER, encoding="utf-8")
            first = await desk.reload("anna", ENVIRONMENT)
            return first, await desk.reload("bert", ENVIRONMENT), desk.runtime.world.limits

    first, again, limits = run(reloaded())

    assert (first, again) == (("order_notional_max",), ())
    assert limits.order_notional_max[0].atoms == 1_000 * 10**6
    said = [e for e in events(path) if isinstance(e, LimitsChanged)]
    assert [e.by for e in said] == ["anna", "anna"]


def test_a_broken_file_changes_nothing_and_says_why(file, tmp_path):
    path = tmp_path / "a.journal"

    async def reloaded():
        async with running(file, path) as desk:
            before = desk.runtime.world.limits
            file.write_text(DESK + "\n[controls.firm]\n", encoding="utf-8")
            with pytest.raises(ConfigError, match=r"controls\.firm\.order_notional_max: missing"):
                await desk.reload("anna", ENVIRONMENT)
            file.write_text("[engine", encoding="utf-8")
            with pytest.raises(ConfigError, match="is not valid TOML"):
                await desk.reload("anna", ENVIRONMENT)
            return before, desk.runtime.world.limits

    before, after = run(reloaded())

    assert before == after
    assert not any(isinstance(e, LimitsChanged) for e in events(path))


def test_at_the_door_somebody_must_say_who_asks(file, tmp_path):
    async def asked():
        async with running(file, tmp_path / "a.journal") as desk:
            with pytest.raises(OrderError, match="by: must say who"):
                await answer(desk, {"do": "reload"}, lambda _line: None)
            await asyncio.sleep(0)

    run(asked())
