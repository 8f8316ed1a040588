"""The codec: what goes in comes out, and what does not belong is named by its path."""

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.error import JournalError
from router.domain.event import ChildAcknowledged, ChildFilled, ParentSubmitted, RouteRefused
from router.domain.order import Fill, ParentOrder
from router.domain.plan import NoRouteReason
from router.domain.units import Amount, Price, Side
from router.journal import codec
from tests.unit.journal.vocabulary import COMMANDS, EVENTS, values_of

ORDER = ParentOrder(
    id="p-1",
    client_order_id="Kauf Nr. 1 \u00e4\u20ac",
    side=Side.BUY,
    base="ETH",
    quote="USDC",
    quantity=Amount("ETH", 10**18),
    limit_price=Price("ETH", "USDC", 2**200, 1),
    slippage_max_pips=500,
    holding_horizon_s=3600,
    venues=("uniswap_v3", "hyperliquid"),
    deadline_at=2,
    submitted_at=1,
)
SUBMITTED = ParentSubmitted(ORDER, at=-1)
DOCUMENT = {
    "ParentSubmitted": {
        "order": {
            "id": "p-1",
            "client_order_id": "Kauf Nr. 1 \u00e4\u20ac",
            "side": "buy",
            "base": "ETH",
            "quote": "USDC",
            "quantity": {"asset": "ETH", "atoms": 10**18},
            "limit_price": {
                "base": "ETH",
                "quote": "USDC",
                "quote_atoms": str(2**200),
                "base_atoms": 1,
            },
            "slippage_max_pips": 500,
            "holding_horizon_s": 3600,
            "venues": ["uniswap_v3", "hyperliquid"],
            "deadline_at": 2,
            "submitted_at": 1,
            "strategy": "default",
            "reduces_only": False,
            "allow_similar": False,
            "by": "",
            "confirmed_by": "",
            "hedges": [],
            "algo": {"Sweep": {}},
            "basket": "",
            "as_quoted": None,
            "client": "",
            "account": "",
            "persistence": "deadline",
        },
        "at": -1,
    }
}


# The document above with another value in one place; None removes the key.
def edited(*path: str, to: Any) -> bytes:
    document = orjson.loads(orjson.dumps(DOCUMENT))
    target = document["ParentSubmitted"]
    for key in path[:-1]:
        target = target[key]
    if to is None:
        del target[path[-1]]
    else:
        target[path[-1]] = to
    return orjson.dumps(document)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_every_event_comes_back_as_it_went_in(kind, data):
    event = data.draw(values_of(kind))

    back = codec.decode_event(codec.encode(event))

    assert type(back) is kind
    assert back == event


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_every_command_comes_back_as_it_went_in(kind, data):
    command = data.draw(values_of(kind))

    back = codec.decode_command(codec.encode(command))

    assert type(back) is kind
    assert back == command


def test_the_bytes_are_the_class_name_and_the_fields_in_order():
    assert codec.encode(SUBMITTED) == orjson.dumps(DOCUMENT)


def test_the_digest_is_the_sha256_of_the_bytes():
    assert codec.digest(SUBMITTED) == hashlib.sha256(orjson.dumps(DOCUMENT)).hexdigest()


@pytest.mark.parametrize("atoms", [2**63 - 1, -(2**63 - 1)])
def test_integers_of_64_bits_are_numbers(atoms):
    assert f'"atoms":{atoms}}}'.encode() in codec.encode(Amount("ETH", atoms))


@pytest.mark.parametrize("atoms", [2**63, -(2**63), 2**64, 2**160 - 1, -(2**255)])
def test_larger_integers_are_strings(atoms):
    assert f'"atoms":"{atoms}"'.encode() in codec.encode(Amount("ETH", atoms))


def test_an_integer_may_be_read_from_either_form():
    assert codec.decode_event(edited("at", to="-1")) == SUBMITTED


@pytest.mark.parametrize(
    "at",
    ["", "-", "-0", "01", "+1", " 1", "1_0", "1.0", "1e3", "\u0661", "9" * 1001, 1.0, True],
    ids=repr,
)
def test_what_is_not_an_integer_is_refused(at):
    with pytest.raises(JournalError, match=r"ParentSubmitted\.at: must be an integer"):
        codec.decode_event(edited("at", to=at))


def test_a_number_of_more_than_64_bits_is_refused_because_readers_round_it():
    data = orjson.dumps(DOCUMENT).replace(b'"at":-1', b'"at":18446744073709551616')

    with pytest.raises(JournalError, match=r"ParentSubmitted\.at: must be an integer"):
        codec.decode_event(data)


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        (("order", "id"), 1, r"\.order\.id: must be a string, was 1"),
        (("order", "side"), "hold", r"\.order\.side: must be one of buy, sell, was 'hold'"),
        (("order", "side"), [], r"\.order\.side: must be one of buy, sell"),
        (("order", "venues"), "uniswap", r"\.order\.venues: must be a sequence, was 'uniswap'"),
        (("order", "venues"), ["a", 2], r"\.order\.venues\[1\]: must be a string, was 2"),
        (("order", "quantity"), [], r"\.order\.quantity: must be an object with the fields of Amo"),
        (("order", "quantity", "atoms"), None, r"\.order\.quantity: missing field atoms"),
        (("order", "quantity", "unit"), "wei", r"\.order\.quantity: unknown field unit"),
        (("order", "limit_price", "base_atoms"), 0, r"\.order\.limit_price: Price refuses"),
        (("order",), None, r"ParentSubmitted: missing field order"),
    ],
)
def test_bytes_that_do_not_fit_are_refused_with_their_path(path, to, message):
    with pytest.raises(JournalError, match=message):
        codec.decode_event(edited(*path, to=to))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "one key"),
        (b"{}", "one key"),
        (b'{"ChildAcknowledged":{},"ChildNotSent":{}}', "one key"),
        (b'{"RaiseAlarm":{"message":"a"}}', "must be one of EngineStarted"),
    ],
)
def test_bytes_that_are_no_event_are_refused(data, message):
    with pytest.raises(JournalError, match=message):
        codec.decode_event(data)


def test_an_event_is_not_a_command():
    with pytest.raises(JournalError, match="must be one of ObserveMarket"):
        codec.decode_command(codec.encode(ChildAcknowledged("c-1", 1)))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (ChildAcknowledged("c-1", 1.0), r"ChildAcknowledged\.at: must be an integer, was 1\.0"),
        (ChildAcknowledged("c-1", at=True), r"ChildAcknowledged\.at: must be an integer, was True"),
        (ChildAcknowledged("c-1", 1 << 9000), r"\.at: must be an integer of at most 3000 bits"),
        (ChildAcknowledged(1, 1), r"ChildAcknowledged\.child: must be a string, was 1"),
        (ChildAcknowledged("\ud800", 1), r"ChildAcknowledged\.child: must be valid Unicode"),
        (RouteRefused("p", "solver", "m", 1), r"\.reason: must be a member of NoRouteReason"),
        (RouteRefused("p", Side.BUY, "m", 1), r"\.reason: must be a member of NoRouteReason"),
        (ChildFilled("c", None, 1), r"ChildFilled\.fill: must be of type Fill, was None"),
        (
            dataclasses.replace(SUBMITTED, order=dataclasses.replace(ORDER, venues=["a"])),
            r"\.order\.venues: must be a sequence",
        ),
        (
            ChildFilled("c", Fill("f", "c", "i", Amount("E", 1), Amount("U", 0.5), None, 1), 1),
            r"ChildFilled\.fill\.notional\.atoms: must be an integer, was 0\.5",
        ),
    ],
)
def test_values_that_do_not_fit_are_refused_with_their_path(value, message):
    with pytest.raises(JournalError, match=message):
        codec.encode(value)


def test_the_same_reason_fits_as_a_member():
    refused = RouteRefused("p", NoRouteReason.SOLVER, "m", 1)

    assert b'"reason":"solver"' in codec.encode(refused)


@dataclass(frozen=True)
class WithFloat:
    price: float


@pytest.mark.parametrize("value", [WithFloat(1.0), 1.0, {"a": 1}, None])
def test_a_type_that_is_not_vocabulary_is_refused(value):
    with pytest.raises(JournalError, match="not a type that can be journaled"):
        codec.encode(value)


@given(st.lists(st.tuples(st.text(), st.text())).map(tuple))
def test_pairs_come_back_as_they_went_in(pairs):
    assert codec.decode_pairs(codec.encode_pairs(pairs)) == pairs


@pytest.mark.parametrize(
    "data", [b'[ ["a","b"]]', b'[["a"]]', b'[["a","b","c"]]', b'[["a",1]]', b'{"a":"b"}', b'["ab"]']
)
def test_pairs_have_one_spelling(data):
    with pytest.raises(JournalError, match="cannot decode"):
        codec.decode_pairs(data)
