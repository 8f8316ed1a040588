"""Saved plans with one field changed at random: refused in a line, or harmless; nothing crashes."""

import copy
import random

import orjson
import pytest

from router.domain.error import JournalError, RoutingError
from router.domain.plan import PlannedRoute
from router.journal.codec import decode_planned, encode
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.network_plans.nets import random_net
from tests.unit.optimiser.test_tiers import random_problem as with_tiers
from tests.unit.optimiser.world import random_network, random_problem

KINDS = (random_problem, with_tiers, random_network, random_net)
CHANGES = 40
# What a plan may say otherwise: it claims less, or the same in another order or form, or within
# what numbers stored as millionths of a millionth are off, or what is told for people only.
HARMLESS = (
    "singles",
    "certificate.method",
    "certificate.lower_bound",
    "certificate.upper_bound",
    "certificate.quantities",
    "certificate.shares",
    "certificate.parts",
    "certificate.gas",
    "legs",
)


def places(value, path=()):
    if path:
        yield path
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from places(value[key], (*path, key))


def found_at(root, path):
    for key in path:
        root = root[key]
    return root


def changed(value, rng):
    if isinstance(value, str) and value.lstrip("-").isdigit():
        value = int(value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        big = rng.choice((10**18, 2**63, 10**30, 10**400))
        new = rng.choice((value + 1, value - 1, 2 * value, -value, value // 2, 0, big, -big))
        return new if abs(new) < 2**63 else str(new)
    if isinstance(value, list):
        return [value[::-1], value[1:], value + value[:1], []][rng.randrange(4)]
    return rng.choice(("", "x", "USDC", "ETH", "sell", None))


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(n, marks=pytest.mark.soak) for n in range(12, 200))]
)
def test_a_change_of_a_saved_plan_is_refused_or_harmless(seed):
    rng = random.Random(seed)
    made = KINDS[seed % len(KINDS)](seed)
    try:
        saved = orjson.loads(encode(PlannedRoute(made, solve(made))))
    except RoutingError:
        pytest.skip("there is no plan")
    paths = list(places(saved["PlannedRoute"]["plan"]))
    passed, lines = [], []
    for _ in range(CHANGES):
        path = rng.choice(paths)
        forged = copy.deepcopy(saved)
        plan = forged["PlannedRoute"]["plan"]
        before = found_at(plan, path)
        found_at(plan, path[:-1])[path[-1]] = changed(before, rng)
        if str(before) == str(found_at(plan, path)):
            continue
        try:
            planned = decode_planned(orjson.dumps(forged))
        except JournalError as refused:
            lines.append(str(refused))
            continue
        if all(check.holds for check in verify_plan(planned)):
            passed.append(".".join(key for key in path if isinstance(key, str)))

    assert [line for line in lines if "\n" in line] == []
    assert [name for name in passed if not name.startswith(HARMLESS)] == []


@pytest.mark.parametrize("decimals", [-1, 256, 2**62])
@pytest.mark.parametrize("where", [("base", "decimals"), ("tick_decimals",)])
def test_decimals_beyond_a_byte_are_refused_before_any_power_of_ten_is_taken(where, decimals):
    made = random_problem(1)
    saved = orjson.loads(encode(PlannedRoute(made, solve(made))))
    instrument = saved["PlannedRoute"]["problem"]["pools"][0]["instrument"]
    found_at(instrument, where[:-1])[where[-1]] = decimals

    with pytest.raises(JournalError, match="refuses the values"):
        decode_planned(orjson.dumps(saved))
