"""Whatever a gateway sends, it is answered or refused with a code, and the desk goes on."""

from random import Random

import pytest

from router.gateway.link import Code, LinkError
from tests.unit.compose.linked_floor import BUY, WAITS, kept
from tests.unit.shell.floor import run

DOES = [
    "submit",
    "cancel",
    "amend",
    "find",
    "order",
    "orders",
    "last_report",
    "report",
    "plan",
    "basket",
    "cancel_basket",
    "mass_cancel",
    "instruments",
    "algos",
    "venues",
    "book",
    "positions",
    "accounts",
    "margin",
    "stress",
    "funding",
    "risk",
    "journal",
    "status",
    "switches",
    "switch",
    "reload",
    "reconcile",
    "bust",
]
NAMES = [
    "order",
    "client",
    "account",
    "accounts",
    "by",
    "request",
    "name",
    "terms",
    "wait_s",
    "basket",
    "limit",
    "after",
    "ended",
    "side",
    "base",
    "quote",
    "depth",
    "index",
    "kind",
    "state",
    "scope",
    "reason",
    "child",
    "fill",
    "corrected",
    "on_known",
    "placed_by",
]
WORDS = (
    "",
    "one",
    "acme",
    "ETH",
    "USDC",
    "0",
    "-1",
    "1e9",
    "٣",
    "x" * 5_000,
    "a\n",
    "\x00",
    "firm",
)
CODES = {value for name, value in vars(Code).items() if name.isupper()} - {Code.INTERNAL}


def value(rng, depth=0):
    """Return anything JSON can say."""
    plain = rng.choice(
        (
            *WORDS,
            *(0, 1, -1, 2**63, 500, 0.5, -1e308, True, False, None),
            {**BUY},
            {**BUY, **WAITS, "client_order_id": "two"},
        )
    )
    kind = rng.random()
    if depth > 2 or kind < 0.75:
        return plain
    if kind < 0.85:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {name: value(rng, depth + 1) for name in rng.sample(NAMES, rng.randrange(4))}


def fields(rng):
    known = {"order": "one", "client": "acme", "by": "ann", "request": f"r{rng.random()}"}
    wild = {name: value(rng) for name in rng.sample(NAMES, rng.randrange(6))}
    return {**(known if rng.random() < 0.5 else {}), **wild}


@pytest.mark.parametrize("seed", range(2))
def test_anything_is_answered_or_refused_and_an_order_is_taken_after_it(tmp_path, seed):
    rng = Random(seed)

    async def told():
        codes = []
        async with kept(tmp_path) as desk:
            await desk.waiting("one")
            for _ in range(250):
                do = rng.choice(DOES)
                try:
                    await desk.answering.answer(do, fields(rng))
                except LinkError as error:
                    codes.append(error.code)
            await desk.ask("switch", state="active", by="ann", reason="it was a test")
            return codes, await desk.waiting("after")

    codes, after = run(told())

    assert set(codes) <= CODES
    assert len(codes) > 50
    assert after["is_new"]
