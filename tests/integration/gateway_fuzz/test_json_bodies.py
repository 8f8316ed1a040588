"""Bodies that are almost right: refused as what they are, or asked of the daemon in its words."""

import random
from dataclasses import replace

import orjson
import pytest
from pydantic import ValidationError

from router.gateway.access import AccessError, Permission, Principal
from router.gateway.http.calls import Call
from router.gateway.http.nesting import is_too_deep
from router.gateway.http.problems import ProblemError, of_model
from router.gateway.http.routes import ROUTES
from tests.integration.gateway_fuzz.memory import GROWTH_MIB_MAX, resident_mib, say
from tests.integration.gateway_fuzz.mutations import json_body

TRADER = Principal("k", "desk", ("trader",), frozenset(Permission), ("main", "second"))
OF_ALL = replace(TRADER, accounts=None)
PATH = {"name": "desk-1", "number": "3", "quote": "q-0123456789abcdef"}
ASKED = [route for route in ROUTES if route.body is not None and not isinstance(route.make, str)]
TERMS = {
    "side": "sell",
    "base": "ETH",
    "quote": "USDC",
    "quantity": "1.25",
    "limit_price": "2990.5",
    "venues": ["hyperliquid", "uniswap_v3"],
    "allow_similar": True,
    "algo": "twap",
    "duration_s": "60",
    "interval_s": "5",
}


def seeds(route):
    """Return bodies of a route that are right."""
    found = [route.example]
    names = set(route.body.model_fields)
    if names >= set(TERMS):
        found.append({**route.example, **TERMS})
    if "orders" in names:
        found.append({**route.example, "orders": [TERMS] * 3})
    return found


def try_one(chance):
    """Send one body through the models and into the daemon's words; return what came of it."""
    route = chance.choice(ASKED)
    data = json_body(chance, seeds(route))
    if is_too_deep(data):
        return "too deep"
    try:
        body = route.body.model_validate_json(data)
    except ValidationError as error:
        told = of_model(error)
        assert 400 <= told.status < 500
        orjson.loads(told.body("x-1"))
        return "invalid"
    principal = chance.choice((TRADER, OF_ALL))
    query = None if route.query is None else route.query.model_validate({})
    try:
        ask = route.make(Call(principal, PATH, query=query, body=body, key="key-1"))
    except (ProblemError, AccessError):
        return "refused"
    sent = orjson.loads(orjson.dumps(ask.fields))
    for name in ("order", "terms", "basket"):
        inside = sent.get(name, {})
        assert isinstance(inside, str) or all(isinstance(text, str) for text in inside.values())
    assert sent.get("client", TRADER.client) == TRADER.client
    return "asked"


def tried(seed, count):
    for number in range(count // 10):
        try_one(random.Random(number))
    before = resident_mib()
    found = {}
    for number in range(count):
        chance = random.Random(f"{seed}-{number}")
        try:
            what = try_one(chance)
        except Exception as error:
            raise AssertionError(f"body {number} of seed {seed}") from error
        found[what] = found.get(what, 0) + 1
    grown = resident_mib() - before
    say(f"{count:,} JSON bodies at the models, seed {seed}: {found}; {grown:+.1f} MiB")
    assert grown < GROWTH_MIB_MAX
    return found


def test_no_body_gets_past_the_models_but_in_the_daemons_words():
    found = tried(20_261, 4_000)

    assert min(found[what] for what in ("asked", "invalid", "refused")) > 20


@pytest.mark.soak
def test_a_hundred_thousand_bodies_leave_nothing_behind():
    found = tried(random.SystemRandom().randrange(2**32), 100_000)

    assert sum(found.values()) == 100_000
