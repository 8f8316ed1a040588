"""An order's fields to the request that every door makes of an order."""

from dataclasses import replace

import pytest

from router.gateway.fix.message import MessageError, body
from router.gateway.fix.order_fields import order_fields
from router.gateway.fix.parameters import OF_ORDERS
from router.gateway.fix.peer import Peer
from tests.unit.gateway.fix_messages.asking import NOW
from tests.unit.gateway.fix_messages.daemon import order_of
from tests.unit.gateway.fix_messages.told import PEER

SENT = {"client_order_id": "X", "client": "acme", "account": "main", "by": "fix.ems"}
PLAIN = {**SENT, "base": "ETH", "quote": "USDC", "side": "buy", "quantity": "10"}
IN_BASE = {**PLAIN, "quantity_asset": "ETH"}
TO_MIDNIGHT = "86400.000"


def read(*more, peer: Peer = PEER, now=NOW, **changes):
    items = [(tag, text) for tag, text in order_of(**changes) if text is not None]
    return order_fields(body(*items, *more), peer, now)


def parameters(**named):
    entries = tuple(body((958, name), (959, "14"), (960, text)) for name, text in named.items())
    return (957, entries)


def test_a_market_order_is_for_the_day():
    assert read() == {**IN_BASE, "deadline_s": TO_MIDNIGHT}
    assert read(_59="0") == read()


def test_a_day_ends_when_the_sessions_day_does():
    peer = replace(PEER, day_ends_s=3_600)

    assert read(peer=peer)["deadline_s"] == "3600.000"
    assert read(peer=peer, now=NOW + 3_599 * 10**9)["deadline_s"] == "1.000"
    assert read(peer=peer, now=NOW + 3_600 * 10**9)["deadline_s"] == "86400.000"


def test_a_limit_order_for_the_day_waits_for_its_price():
    told = read(_40="2", _44="2900.50")

    assert told == {
        **IN_BASE,
        "limit_price": "2900.5",
        "algo": "limit",
        "deadline_s": TO_MIDNIGHT,
    }


def test_a_limit_order_that_names_the_sweep_waits_for_nothing():
    assert read(_40="2", _44="2900", _847="1000")["algo"] == "sweep"


@pytest.mark.parametrize(
    ("changes", "deadline"),
    [
        ({"_59": "1"}, "86400.000"),
        ({"_59": "6", "_126": "20260101-00:01:00"}, "60.000"),
        ({"_59": "6", "_126": "20260101-00:00:00.0005"}, "0.001"),
        ({"_59": "6", "_432": "20260101"}, "86400.000"),
        ({"_59": "0", "_126": "20260101-00:01:00"}, "60.000"),
    ],
)
def test_how_long_an_order_lasts(changes, deadline):
    assert read(**changes) == {**IN_BASE, "deadline_s": deadline}


def test_an_order_at_once_has_no_deadline_of_its_own():
    assert read(_59="3") == {**IN_BASE, "time_in_force": "ioc"}
    told = read(_59="4", _100="uniswap_v3")
    assert told == {**IN_BASE, "venues": "uniswap_v3", "time_in_force": "fok"}


@pytest.mark.parametrize("venues", [None, "SOR", "uniswap_v3 hyperliquid"])
def test_all_or_nothing_needs_one_chain(venues):
    with pytest.raises(MessageError, match=r"^59: ") as fault:
        read(_59="4", _100=venues)
    assert fault.value.tag == 59


def test_venues_are_named_or_left_to_the_router():
    assert "venues" not in read(_100="SOR")
    assert read(_100="uniswap_v3, hyperliquid")["venues"] == "uniswap_v3,hyperliquid"


def test_cash_and_currency_say_the_unit():
    in_cash = {**PLAIN, "quantity": "3000", "quantity_asset": "USDC", "deadline_s": TO_MIDNIGHT}

    assert read(_38=None, _152="3000.00") == in_cash
    assert read(_38="3000", _15="USDC") == in_cash
    assert read(_15="ETH") == read()
    with pytest.raises(MessageError, match=r"^15: "):
        read(_15="EUR")


def test_an_algo_by_the_group_or_by_fields_of_its_own():
    wanted = {
        **IN_BASE,
        "algo": "twap",
        "duration_s": "600",
        "interval_s": "20",
        "slippage_max_bps": "12.5",
    }
    group = parameters(DurationSec="600", IntervalSec="20", MaxSlippageBps="12.50")

    assert read(group, _847="1001") == wanted
    assert read(_847="1001", _20007="600", _20008="20", _20001="12.50") == wanted
    assert (
        read(parameters(DurationSec="600", IntervalSec="20"), _847="1001", _20001="12.5") == wanted
    )


def test_the_specifications_own_numbers_of_strategies():
    told = read(parameters(DurationSec="600"), _847="2", _849="0.1")

    assert (told["algo"], told["participation"]) == ("pov", "0.1")


def test_start_and_end_say_how_long_a_schedule_is():
    told = read(_847="1001", _168="20260101-00:01:00", _126="20260101-00:11:00")

    assert (told["start_in_s"], told["duration_s"]) == ("60.000", "600.000")
    assert "deadline_s" not in told


def test_a_clock_a_little_ahead_of_ours_means_now():
    assert read(_168="20260101-00:00:00.900") == read()
    assert read(_168="20251231-23:59:00") == read()


def test_an_end_beside_a_duration_is_the_deadline():
    told = read(_847="1001", _20007="60", _126="20260101-00:11:00")

    assert (told["duration_s"], told["deadline_s"]) == ("60", "660.000")


def test_other_parameters_of_an_order():
    told = read(parameters(HoldingHours="2", Strategy="carry"), _20004="Y")

    assert (told["holding_hours"], told["strategy"], told["allow_similar"]) == (
        "2",
        "carry",
        "true",
    )
    assert {p.name for p in OF_ORDERS} >= {"holding_hours", "strategy", "allow_similar"}


@pytest.mark.parametrize(
    ("more", "changes", "tag"),
    [
        ((parameters(Urgency="high"),), {"_847": "1001"}, 958),
        ((parameters(DurationSec="60"),), {"_847": "1001", "_20007": "60"}, 20007),
        ((parameters(DurationSec="1e3"),), {"_847": "1001"}, 20007),
        ((), {"_848": "DurationSec=60"}, 848),
        ((), {"_20004": "1"}, 20004),
        ((), {"_11": "cod.1"}, 11),
        ((), {"_40": "D"}, 117),
        ((), {"_18": "6"}, 18),
        ((), {"_59": "7"}, 59),
        ((), {"_126": "20270101-00:00:00", "_59": "6"}, 126),
        ((), {"_432": "20251231", "_59": "6"}, 432),
        ((), {"_168": "20260101-00:01:00"}, 168),
        ((), {"_168": "20260101-00:01:00", "_40": "2", "_44": "2900"}, 168),
        ((), {"_168": "20260101-00:01:00", "_59": "3"}, 168),
        ((), {"_168": "20260101-00:01:00", "_847": "1001", "_20009": "5"}, 168),
        ((), {"_168": "20260101-00:02:00", "_126": "20260101-00:01:00", "_847": "1001"}, 126),
    ],
)
def test_what_cannot_be_names_its_field(more, changes, tag):
    with pytest.raises(MessageError, match=f"^{tag}: ") as fault:
        read(*more, **changes)
    assert fault.value.tag == tag


def test_the_account_must_be_said_where_there_are_several():
    several = replace(PEER, accounts=("main", "spare"))

    assert read(_1="spare", peer=several)["account"] == "spare"
    with pytest.raises(MessageError, match=r"^1: missing"):
        read(peer=several)


def test_the_party_closest_to_the_order_sends_it():
    firm, trader = body((448, "acme"), (452, "3")), body((448, "ann"), (452, "36"))

    session = f"fix.{PEER.session}"
    assert read((453, (firm, trader)))["by"] == f"{session}.ann"
    assert read((453, (firm,)))["by"] == f"{session}.acme"
