"""Reading many pools in two rounds: each gets its own answers, and fails alone."""

from eth_abi import encode

from router.domain.market import ReservesSnapshot
from router.domain.units import TimestampNs
from tests.unit.venues.evm.pools import FAMILIES, SETUPS, SLIPSTREAM, V2, V3, V3_OTHER, header
from venues.evm.state import snapshot as reading
from venues.evm.state.roster import Roster
from venues.evm.state.snapshot import Reading, identity_failure, portions

BLOCK = header(100).ref
LOWER, UPPER, LIQUIDITY = -60_000, 60_000, 7
SLOT0 = (1 << 96, 0, 0, 0, 0, 0, True)


def followed(*setups):
    known = Roster(SETUPS, FAMILIES)
    return [known[setup.instrument.id] for setup in setups]


def answer(call, *, liquidity=LIQUIDITY):
    """Answer as pools do that have one position."""
    selector, argument = call.data[:4].hex(), call.data[4:]
    number = int.from_bytes(argument, "big", signed=True) if argument else 0
    match selector:
        case "0902f1ac":
            return encode(["uint112", "uint112", "uint32"], (1_000, 2_000, 7))
        case "3850c7bd":
            types = ["uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool"]
            return encode(types, SLOT0)
        case "1a686502":
            return encode(["uint128"], [liquidity])
        case "ddca3f43":
            return encode(["uint24"], [500])
        case "5339c296":
            spacing = spacings[call.target]
            bits = [t // spacing % 256 for t in (LOWER, UPPER) if t // spacing // 256 == number]
            return encode(["uint256"], [sum(1 << bit for bit in bits)])
        case "f30dba93":
            net = LIQUIDITY if number == LOWER else -LIQUIDITY
            return encode(["uint128", "int128"], [LIQUIDITY, net]) + bytes(6 * 32)
    raise AssertionError(selector)


spacings = {setup.emitter: setup.tick_spacing for setup in SETUPS}


def read(pools, *, spoil=None):
    """Make both rounds; `spoil` changes the answers to the first."""
    one = Reading(pools)
    first = [answer(call) for call in one.first_calls()]
    if spoil is not None:
        spoil(one.first_calls(), first)
    second = [answer(call) for call in one.second_calls(first)]
    return one, one.snapshots(second, block=BLOCK, received_at=TimestampNs(9))


def test_pools_of_several_families_are_read_together():
    pools = followed(V3, V2, V3_OTHER)

    one, found = read(pools)

    assert [each.instrument for each in found] == [pool.id for pool in pools]
    assert not one.failures
    assert found[1] == ReservesSnapshot(V2.instrument.id, BLOCK, 3_000, 1_000, 2_000, 9)
    for each in (found[0], found[2]):
        assert [(tick.index, tick.liquidity_net) for tick in each.ticks] == [
            *((LOWER, LIQUIDITY), (UPPER, -LIQUIDITY))
        ]
        assert (each.liquidity, each.block) == (LIQUIDITY, BLOCK)


def test_a_pool_whose_first_answers_make_no_sense_fails_alone():
    def spoil(calls, answers):
        place = next(i for i, call in enumerate(calls) if call.target == V3.emitter)
        answers[place + 3] = b"short"  # a bitmap word

    one, found = read(followed(V3, V2, V3_OTHER), spoil=spoil)

    assert set(one.failures) == {V3.instrument.id}
    assert [each.instrument for each in found] == [V2.instrument.id, V3_OTHER.instrument.id]


def test_a_pool_whose_answers_contradict_each_other_fails_alone():
    def spoil(calls, answers):
        place = next(i for i, call in enumerate(calls) if call.target == V3_OTHER.emitter)
        answers[place + 1] = answer(calls[place + 1], liquidity=LIQUIDITY + 1)

    one, found = read(followed(V3, V3_OTHER, V2), spoil=spoil)

    assert "contradict" in one.failures[V3_OTHER.instrument.id]
    assert [each.instrument for each in found] == [V3.instrument.id, V2.instrument.id]


def test_pools_are_divided_so_that_no_part_takes_too_many_calls(monkeypatch):
    pools = followed(V3, V2, V3_OTHER, SLIPSTREAM)
    counts = {pool.id: len(pool.family.first_calls(pool.setup)) for pool in pools}
    most = counts[V3_OTHER.instrument.id] + counts[SLIPSTREAM.instrument.id]
    monkeypatch.setattr(reading, "CALLS_MAX", most)

    parts = [[pool.setup for pool in part] for part in portions(pools)]

    assert counts[V3.instrument.id] > most, "one pool alone may take more"
    assert parts == [[V3], [V2, V3_OTHER], [SLIPSTREAM]]
    assert list(portions([])) == []


def test_what_a_pool_is_not_is_told_in_words():
    (pool,) = followed(V2)
    word = encode(["address"], [V3.emitter])

    assert "tokens of" in identity_failure(pool, [word] * 4 + [word])
    assert "there is no pool at" in identity_failure(pool, [b""] * 5)
    assert "only 5 bytes" in identity_failure(pool, [b"short"] * 5)
