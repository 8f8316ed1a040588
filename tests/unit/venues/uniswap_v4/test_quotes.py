"""What the quoter is asked, against a general encoder, and what its answers make."""

from dataclasses import replace
from itertools import pairwise

import eth_abi
import pytest

from router.domain.error import ConfigError, MalformedDataError
from router.domain.market import QuotedSnapshot
from tests.unit.venues import pool_words
from tests.unit.venues.pool_words import BLOCK, POOL, SENDER, USDC, WETH
from venues.evm.words.multicall import FAILED
from venues.uniswap_v4 import family

HOOK, OTHER_HOOK = ("0x" + byte * 17 + "800044" for byte in ("ab", "cd"))
VIEW = "0x" + "77" * 20
QUOTE = "quoteExactInputSingle(((address,address,uint24,int24,address),bool,uint128,bytes))"
QUOTE_TYPES = ["((address,address,uint24,int24,address),bool,uint128,bytes)"]
NOTHING = bytes(64)


def pools(*changes):
    table = {
        "pool_manager": POOL,
        "state_view": VIEW,
        "quoter": SENDER,
        "hooks_allowed": [HOOK, OTHER_HOOK],
        "pools": [
            {"base": "ETH", "quote": "USDC", "fee_pips": 500, "tick_spacing": 10, "hooks": HOOK}
            | change
            for change in changes
        ],
    }
    return family.configured(table, pool_words.facts())


(HOOKED,) = pools({})


def asked(call):
    """Return (key, zero for one, amount) of a call to the quoter."""
    assert call.target == SENDER
    assert call.may_fail
    assert call.data[:4] == pool_words.selector_of(QUOTE)
    ((key, zero_for_one, amount, data),) = eth_abi.decode(QUOTE_TYPES, call.data[4:])
    assert data == b""
    return key, zero_for_one, amount


def answers(calls, *, price, held):
    """Answer as a quoter of a pool with a fixed price would, up to what it holds of the input."""
    found = []
    for call in calls:
        _, zero_for_one, amount = asked(call)
        if amount > held[0 if zero_for_one else 1]:
            found.append(FAILED)
            continue
        received = int(amount * price) if zero_for_one else int(amount / price)
        found.append(eth_abi.encode(["uint256", "uint256"], [received, 90_000]))
    return found


def shown(pool, first, second):
    return family.snapshot(pool, first, second, block=BLOCK, received_at=7)


def test_the_quoter_is_asked_of_the_pools_key_in_both_directions():
    calls = family.first_calls(HOOKED)

    told = [asked(call) for call in calls]
    assert {key for key, _, _ in told} == {(USDC, WETH, 500, 10, HOOK)}
    down, up = ([amount for _, way, amount in told if way is each] for each in (True, False))
    assert down == [10 ** (6 + power) for power in range(-2, 14)]  # dollars are token0
    assert up == [10 ** (18 + power) for power in range(-2, 14)]


def test_a_dynamic_fee_is_in_the_key_and_in_the_quotes_and_is_not_read():
    (pool,) = pools({"fee_pips": None, "dynamic_fee": True})

    assert asked(family.first_calls(pool)[0])[0] == (USDC, WETH, 0x800000, 10, HOOK)
    assert family.refresh_calls(pool) == []
    assert family.refreshed(pool, (), block=BLOCK) is None


def test_the_second_round_is_a_grid_up_to_what_the_pool_takes():
    held = (42_000 * 10**6, 3 * 10**18)
    first = answers(family.first_calls(HOOKED), price=10**9, held=held)

    calls = family.second_calls(HOOKED, first)

    told = [asked(call) for call in calls]
    for zero_for_one, largest in ((True, 10_000 * 10**6), (False, 10**18)):
        sizes = [amount for _, way, amount in told if way is zero_for_one]
        assert len(sizes) == 16
        assert sizes == sorted(sizes)
        assert sizes[0] > largest // 1_000
        assert largest * 7 < sizes[-1] < largest * 10
        assert all(1.7 < after / before < 1.8 for before, after in pairwise(sizes))


def test_a_snapshot_is_all_that_was_answered_in_order_and_ends_at_the_first_refusal():
    held = (42_000 * 10**6, 3 * 10**18)
    first = answers(family.first_calls(HOOKED), price=10**9, held=held)
    second = answers(family.second_calls(HOOKED, first), price=10**9, held=held)

    made = shown(HOOKED, first, second)

    assert isinstance(made, QuotedSnapshot)
    assert (made.instrument, made.block, made.received_at) == (HOOKED.instrument.id, BLOCK, 7)
    for points, most in ((made.zero_for_one, held[0]), (made.one_for_zero, held[1])):
        inputs = [paid for paid, _ in points]
        assert inputs == sorted(set(inputs))
        assert most / 1.8 < inputs[-1] <= most
        assert points[-1][1] // 100_000 <= points[0][1]
        assert points[0][1] >= 1_000
    assert all(received == paid * 10**9 for paid, received in made.zero_for_one)


def test_what_is_quoted_beyond_a_refusal_is_not_believed():
    first = answers(family.first_calls(HOOKED), price=10**9, held=(10**30, 10**30))
    first[3] = FAILED

    second = answers(family.second_calls(HOOKED, first), price=10**9, held=(10**30, 10**30))
    made = shown(HOOKED, first, second)

    assert made.zero_for_one[-1][0] < 10 ** (6 - 2 + 3)


@pytest.mark.parametrize("answer", [FAILED, NOTHING])
def test_a_pool_that_gives_nothing_has_no_quotes(answer):
    first = [answer] * len(family.first_calls(HOOKED))

    assert family.second_calls(HOOKED, first) == [] or answer == NOTHING
    second = [answer] * len(family.second_calls(HOOKED, first))
    made = shown(HOOKED, first, second)

    assert (made.zero_for_one, made.one_for_zero) == ((), ())


def test_answers_that_are_not_the_quoters_are_refused():
    first = answers(family.first_calls(HOOKED), price=10**9, held=(10**12, 10**18))
    second = answers(family.second_calls(HOOKED, first), price=10**9, held=(10**12, 10**18))

    with pytest.raises(MalformedDataError):
        shown(HOOKED, [b"\x01", *first[1:]], second)
    with pytest.raises(MalformedDataError, match="must be 32 answers"):
        shown(HOOKED, first[1:], second)
    with pytest.raises(MalformedDataError, match="answers, were"):
        shown(HOOKED, first, second[1:])


def test_a_token_with_few_decimals_is_asked_for_whole_atoms():
    assets = pool_words.facts().assets
    whole = replace(assets["USDC"], decimals=0)
    facts = pool_words.facts(assets={**assets, "USDC": whole})
    table = {
        "pool_manager": POOL,
        "state_view": VIEW,
        "quoter": SENDER,
        "hooks_allowed": [HOOK],
        "pools": [
            {"base": "ETH", "quote": "USDC", "fee_pips": 500, "tick_spacing": 10, "hooks": HOOK}
        ],
    }

    (pool,) = family.configured(table, facts)

    assert asked(family.first_calls(pool)[0])[2] == 1


def test_such_a_pool_is_no_hop_and_its_logs_change_nothing():
    (plain,) = pools({"hooks": pool_words.ZERO})
    logs = [
        pool_words.log(
            "ModifyLiquidity(bytes32,address,int24,int24,int256,bytes32)",
            (("bytes32", bytes.fromhex(pool.topic[2:])), ("address", SENDER)),
            (("int24", -10), ("int24", 10), ("int256", 5), ("bytes32", bytes(32))),
        )
        for pool in (plain, HOOKED)
    ]

    assert (plain.instrument.is_hop, HOOKED.instrument.is_hop) == (True, False)
    assert family.read_log(plain, logs[0]) is not None
    assert family.read_log(HOOKED, logs[1]) is None


def test_two_such_pools_of_one_pair_are_refused():
    with pytest.raises(ConfigError, match="one pool whose hook changes amounts; remove one"):
        pools({}, {"hooks": OTHER_HOOK})

    assert len(pools({}, {"base": "DAI", "hooks": OTHER_HOOK})) == 2
