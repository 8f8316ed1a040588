"""The dry run as a product: without keys, from files, drawn, and beside a desk at work."""

import asyncio
import re
import struct
import zlib
from decimal import Decimal
from itertools import pairwise

import orjson
import pytest

from tests.integration.main_job.chain_quotes import counterpart
from tests.integration.quote.accuracy import bench

OUTSIDE = re.compile(rb"https?://|src\s*=|url\(|@import|href\s*=", re.IGNORECASE)
# What a desk notes that has nothing to do.
BY_THEMSELVES = {"FundingObserved", "RiskAssessed", "HourStruck", "AccountsObserved"}


def document(ended):
    assert ended.exit_code == 0, ended.stderr
    return orjson.loads(ended.stdout)


@pytest.fixture(scope="module")
def recorded(floor, tmp_path_factory):
    """One live quote, what it was planned on, and its plan as it was saved."""
    from tests.integration.quote.conftest import Keyless  # noqa: PLC0415 - a fixture's own tool

    folder = tmp_path_factory.mktemp("recorded")
    desk = Keyless(floor.furnished(folder))
    files = (folder / "snapshot.json", folder / "plan.json")
    words = ("sell", "400", "ETH", "--record", str(files[0]), "--save", str(files[1]), "--json")
    return desk, document(desk.quote(*words)), files


def test_without_any_key_in_the_environment_an_order_is_quoted(recorded):
    _, told, _ = recorded

    assert told["feasible"]
    assert re.fullmatch("q-[0-9a-f]{16}", told["quote_id"])
    assert told["state"]["source"] == "live"
    assert [b["venue"] for b in told["state"]["blocks"]] == ["local"]
    sold = sum(Decimal(leg["quantity"]) for leg in told["slippage"]["legs"])
    assert sold == 400


def test_causes_add_up_and_legs_add_up_to_the_whole(recorded):
    _, told, _ = recorded
    slippage = told["slippage"]

    for part in (slippage, *slippage["legs"]):
        causes = part["causes"]
        total = sum(causes[n] for n in ("impact_bps", "fees_bps", "gas_bps", "funding_bps"))
        # Each is rounded up to a hundredth.
        assert 0 <= total - part.get("total_bps", part.get("slippage_bps")) <= 0.04 + 1e-9
    legs = sum(leg["share_pct"] * leg["slippage_bps"] for leg in slippage["legs"]) / 100
    assert legs == pytest.approx(slippage["total_bps"], abs=0.02)
    assert slippage["band"]["low_bps"] <= slippage["total_bps"] <= slippage["band"]["high_bps"]


def test_each_pool_leg_is_what_the_chains_quoters_say_to_the_wei(floor, recorded):
    _, told, _ = recorded
    block = hex(told["plan"]["block"]["number"])
    asked = 0

    for leg in told["plan"]["legs"]:
        exact_input = leg["exact"] == "input"
        for hop in leg["hops"]:
            other = hop["amount_out_atoms" if exact_input else "amount_in_atoms"]
            said = counterpart(floor.running.chain, hop, exact_input=exact_input, block=block)
            assert said == int(other), hop["instrument"]
            asked += 1
    assert asked >= 3


def test_a_snapshot_plans_the_same_to_the_byte_and_connects_to_nothing(recorded, tmp_path):
    desk, live, (snapshot, saved) = recorded
    again = tmp_path / "again.json"
    words = ("sell", "400", "ETH", "--snapshot", str(snapshot), "--save", str(again), "--json")

    told = document(desk.quote(*words, config=tmp_path / "nowhere.toml"))

    assert again.read_bytes() == saved.read_bytes()
    named = {"quote_id", "expires_at", "state"}
    assert {k: v for k, v in told.items() if k not in named} == {
        k: v for k, v in live.items() if k not in named
    }
    assert told["state"] == {**live["state"], "source": "snapshot"}
    assert told["quote_id"] is None


def test_another_order_on_a_snapshot_may_be_refused_with_what_would_do(recorded):
    desk, _, (snapshot, _) = recorded

    ended = desk.quote("buy", "90000", "ETH", "--snapshot", str(snapshot), "--json")

    assert ended.exit_code == 2
    told = orjson.loads(ended.stdout)
    assert (told["feasible"], told["plan"], told["slippage"]) == (False, None, None)
    assert told["infeasible"]["reason"] == "limit_exceeded"
    most = told["infeasible"]["largest_quantity"]
    assert most in ended.stderr
    assert document(desk.quote("buy", most, "ETH", "--snapshot", str(snapshot), "--json"))[
        "feasible"
    ]


def test_a_snapshot_that_tells_of_prices_there_cannot_be_is_refused_by_its_name(recorded, tmp_path):
    desk, _, (snapshot, _) = recorded
    head, body = snapshot.read_bytes().splitlines()
    told = orjson.loads(body)
    told["Snapshot"]["observation"]["books"][0]["asks"][0][0] = -1
    odd = tmp_path / "odd.json"
    odd.write_bytes(head + b"\n" + orjson.dumps(told) + b"\n")

    ended = desk.quote("buy", "120", "ETH", "--snapshot", str(odd), "--json")

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == f"error: {odd}: holds what no market says: a price is positive\n"


def test_the_curve_rises_is_planned_at_every_point_and_says_where_it_ends(recorded, tmp_path):
    desk, _, (snapshot, _) = recorded
    html, png = tmp_path / "curve.html", tmp_path / "curve.png"
    words = ("--snapshot", str(snapshot), "--curve", "--html", str(html), "--png", str(png))

    told = document(desk.quote("buy", "120", "ETH", *words, "--json"))

    planned = [p for p in told["curve"] if p["slippage_bps"] is not None]
    refused = told["curve"][len(planned) :]
    sizes = [Decimal(p["quantity"]) for p in planned]
    assert len(planned) >= 10
    assert Decimal(120) in sizes
    assert sizes == sorted(sizes)
    # Before gas a larger order is never cheaper, but for the gap of its plan and rounding.
    rates = [p["before_gas_bps"] for p in planned]
    assert all(later >= earlier - 0.02 for earlier, later in pairwise(rates))
    assert rates[-1] > rates[0] + 5
    assert len(refused) == 1
    assert Decimal(refused[0]["quantity"]) <= Decimal("1.02") * sizes[-1]
    assert refused[0]["reason"] == "limit_exceeded"
    assert refused[0]["message"]
    page = html.read_bytes()
    assert OUTSIDE.search(page) is None
    assert page.count(b"<circle") == len(planned)
    assert b"prefers-color-scheme: dark" in page
    assert_is_png(png.read_bytes())


def assert_is_png(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = [], 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert check == zlib.crc32(kind + body)
        chunks.append((kind, body))
        at += 12 + size
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colours = struct.unpack(">IIBB", chunks[0][1][:10])
    assert (depth, colours) == (8, 2)
    raw = zlib.decompress(chunks[1][1])
    assert len(raw) == height * (1 + 3 * width)
    assert len(set(raw)) > 20


def test_for_eyes_the_curve_is_drawn_and_the_comparison_told(recorded):
    desk, _, (snapshot, _) = recorded

    ended = desk.quote("buy", "20", "ETH", "--snapshot", str(snapshot), "--curve")

    assert ended.exit_code == 0, ended.stderr
    told = " ".join(ended.stdout.split())
    assert "◆" in ended.stdout
    assert ended.stdout.count("●") > 5
    assert "equal parts" in told
    assert "margin before and after" in told
    assert "95 % of executions lie inside" in told
    assert "--watch" in told


def test_assumed_balances_stand_in_for_accounts_and_bind(keyless):
    rich = document(keyless.quote("buy", "60", "ETH", "--balance", "USDC=5000000", "--json"))
    words = ("--balance", "local:USDC=5000000", "--balance", "hyperliquid:USDC=500")
    poor = document(keyless.quote("buy", "60", "ETH", *words, "--json"))

    def at_the_book(told):
        legs = told["slippage"]["legs"]
        return sum(Decimal(x["quantity"]) for x in legs if x["instrument"] == "hyperliquid:ETH")

    assert at_the_book(rich) > 10 * at_the_book(poor)
    assert rich["margin"][0]["before"]["equity"] == "5000000"
    assert poor["margin"][0]["before"]["equity"] == "500"
    (said,) = poor["state"]["assumed"]
    assert "no account was read" in said
    assert "hyperliquid:USDC=500" in said
    (binds,) = [b for b in poor["binding"] if b["scenario"] is not None]
    assert binds["saves_bps"] > 0
    assert (binds["step"], binds["asset"]) == ("1000", "USDC")
    assert Decimal(poor["margin"][0]["worst"]["after"]) >= 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--balance", "DOGE=1"), "write ASSET=QUANTITY with one of"),
        (("--balance", "nowhere:USDC=1"), "nowhere is not configured; use one of"),
        (("--balance", "USDC=-1"), "balance 'USDC=-1'"),
        (("--watch", "99999"), "watch: must lie between 0 and 3600 s"),
        (("--inclusion", "soon"), "inclusion_s: must be a plain decimal number"),
        (("--volatility", "-3"), "volatility_bps_hour: must lie between"),
        (("--snapshot", "nothing.json"), "nothing.json: cannot be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_refused_in_one_line(keyless, words, said):
    ended = keyless.quote("buy", "1", "ETH", *words)

    assert ended.exit_code == 2
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr


def test_beside_a_desk_at_work_a_quote_leaves_no_record(floor, tmp_path):
    events = []

    async def scenario():
        async with asyncio.timeout(90), bench(floor, tmp_path, seed=5) as made:
            runtime = made.desk.runtime
            runtime.watch(lambda event, _world: events.append(type(event).__name__))
            parents = set(runtime.world.parents.keys())
            request = {"side": "buy", "quantity": "30", "base": "ETH", "quote": "USDC"}
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(made.quoter.quoted(request)) for _ in range(3)]
            assert set(runtime.world.parents.keys()) == parents
            return [one.result() for one in asked]

    told = asyncio.run(scenario())

    assert set(events) <= BY_THEMSELVES
    assert [one["state"]["source"] for one in told] == ["desk"] * 3
    assert all(one["feasible"] for one in told)
