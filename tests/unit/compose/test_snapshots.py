"""What a snapshot file holds, and that nothing else is taken for one."""

import stat
from dataclasses import replace

import orjson
import pytest

from router.compose.dry_run.planning import prepared, requested
from router.compose.dry_run.snapshots import load, save
from router.domain.account import AccountSnapshot
from router.domain.error import ConfigError, OrderError, StaleDataError
from router.domain.market import BlockRef
from router.domain.snapshot import FORMAT, ChainHead, Pace, Snapshot
from router.domain.units import (
    NS_PER_S,
    AccountId,
    AssetId,
    DurationNs,
    InstrumentId,
    Pico,
    TimestampNs,
)
from tests.unit.engine.scene import CHAIN, DOLLAR, ETH, LIMITS, PERP, POOL, T0, USDC, observation

REQUEST = {"side": "buy", "quantity": "4", "base": "ETH", "quote": "USDC"}


def snapshot(**changes):
    seen = replace(observation(), gas=())
    whole = Snapshot(
        format=FORMAT,
        build="0.0.0",
        at=T0,
        assets=(ETH, USDC),
        names=(POOL.venue, PERP.venue),
        instruments=(POOL, PERP),
        limits=LIMITS,
        observation=seen,
        heads=(ChainHead(POOL.venue, CHAIN, BlockRef(7, "0x07", "0x06", T0), 10**9, ETH.id, T0),),
        paces=(Pace(POOL.id, Pico(5), 9, DurationNs(30 * NS_PER_S)),),
        quarantined=(),
        stale={},
        unreadable={},
        assumed=("assumed",),
    )
    return replace(whole, **changes)


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "snapshot.json"
    save(path, snapshot())
    return path


def test_what_was_written_is_read_again_whole(written):
    assert load(written) == snapshot()


def test_a_file_is_for_its_owner_alone_to_read(written):
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_what_was_read_is_written_to_the_same_bytes(written, tmp_path):
    again = tmp_path / "again.json"

    save(again, load(written))

    assert again.read_bytes() == written.read_bytes()


def test_the_same_problem_is_made_of_what_was_read(written):
    problems = [
        prepared(each, requested(each, REQUEST)).problem for each in (snapshot(), load(written))
    ]

    assert problems[0] == problems[1]
    assert [p.instrument.id for p in problems[0].pools] == [POOL.id]
    assert [b.instrument.id for b in problems[0].books] == [PERP.id]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"headrace_snapshot":1', b'"headrace_snapshot":2', "is no snapshot of format 1"),
        (b'"build":', b'"biuld":', "biuld"),
        (b'"heads":[', b'"heads":[1,', "heads"),
        (b'"assumed":["assumed"]', b'"assumed":[1.5]', "assumed"),
        (b'{"Snapshot":', b'{"PlannedRoute":', "snapshot"),
        (b'"drift":5', b'"drift":5.5', "drift"),
    ],
)
def test_a_file_that_was_changed_is_refused_by_its_field(written, old, new, said):
    data = written.read_bytes()
    assert old in data
    written.write_bytes(data.replace(old, new, 1))

    with pytest.raises(ConfigError, match=said) as refused:
        load(written)

    assert str(refused.value).startswith(str(written))


@pytest.mark.parametrize("size", [0, 1, 30, 200, 2_000])
def test_a_file_cut_short_is_refused(written, size):
    written.write_bytes(written.read_bytes()[:size])

    with pytest.raises(ConfigError, match=r"snapshot\.json"):
        load(written)


def test_a_book_of_an_instrument_nobody_knows_is_refused(tmp_path):
    path = tmp_path / "odd.json"
    save(path, snapshot(instruments=(POOL,)))

    with pytest.raises(ConfigError, match="which is not among its instruments"):
        load(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.json: cannot be read"):
        load(tmp_path / "nowhere.json")


def test_no_key_and_no_float_is_in_a_file(written):
    head, body = written.read_bytes().splitlines()

    def floats(value):
        if isinstance(value, dict):
            return any(map(floats, value.values()))
        if isinstance(value, list):
            return any(map(floats, value))
        return isinstance(value, float)

    assert orjson.loads(head) == {"headrace_snapshot": FORMAT}
    assert not floats(orjson.loads(body))
    assert b"key" not in body


def test_a_stale_market_refuses_the_plan_that_needs_it_and_says_why():
    gone = replace(snapshot().observation, books=(), contexts=())
    seen = snapshot(observation=gone, stale={PERP.id: "no book or no mark price yet"})

    with pytest.raises(StaleDataError, match="no book or no mark price yet"):
        prepared(seen, requested(seen, REQUEST))

    pools_only = requested(seen, {**REQUEST, "venues": POOL.venue})
    assert prepared(seen, pools_only).problem.books == ()


def test_a_pool_in_quarantine_is_passed_over():
    gone = replace(snapshot().observation, pools=())
    seen = snapshot(observation=gone, quarantined=(POOL.id,))

    problem = prepared(seen, requested(seen, REQUEST)).problem

    assert problem.pools == ()
    assert [b.instrument.id for b in problem.books] == [PERP.id]


def test_an_account_that_did_not_answer_refuses_the_plan():
    others = tuple(a for a in snapshot().observation.accounts if a.account != CHAIN)
    seen = snapshot(
        observation=replace(snapshot().observation, accounts=others),
        unreadable={CHAIN: "no answer in 5 s"},
    )

    with pytest.raises(StaleDataError, match="no answer in 5 s"):
        prepared(seen, requested(seen, REQUEST))


def test_gas_is_priced_in_the_quote_by_the_deepest_pool_there_is():
    (gas,) = prepared(snapshot(), requested(snapshot(), REQUEST)).observation.gas

    assert (gas.account, gas.expected_fee_wei) == (CHAIN, 10**9)
    assert gas.native_price is not None
    price = gas.native_price
    assert 2_500 * DOLLAR < price.quote_atoms * 10**18 / price.base_atoms < 3_500 * DOLLAR


def test_a_request_is_checked_against_what_the_snapshot_names():
    with pytest.raises(OrderError, match="base: 'DOGE' is not configured"):
        requested(snapshot(), {**REQUEST, "base": "DOGE"})
    with pytest.raises(OrderError, match="venues: 'binance' is not configured"):
        requested(snapshot(), {**REQUEST, "venues": "binance"})


def test_accounts_of_others_do_not_matter():
    other = AccountSnapshot(
        AccountId("evm:1:0x00"), (), (), (), 0, 0, next_nonce=0, block=None, received_at=T0
    )
    seen = snapshot()
    more = replace(seen.observation, accounts=(*seen.observation.accounts, other))

    alone = prepared(seen, requested(seen, REQUEST)).problem
    beside = snapshot(observation=more)

    assert prepared(beside, requested(beside, REQUEST)).problem == alone
    assert seen.pace(InstrumentId("nothing")) is None
    assert seen.pace(POOL.id).moves == 9
    assert AssetId("ETH") in {a.id for a in seen.assets}
    assert TimestampNs(seen.at) == T0
