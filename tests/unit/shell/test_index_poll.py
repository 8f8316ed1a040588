from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.error import MalformedDataError
from router.domain.instrument import Asset
from router.domain.price import PriceKind
from router.domain.units import AssetId, InstrumentId
from router.shell.index_poll import IndexPoll
from router.shell.price_file import PriceFile
from router.shell.reader import Reader
from router.state.market import MarketView
from tests.unit.engine.scene import CHAIN, ETH, MARGIN, PERP, POOL, T0, USDC
from tests.unit.shell.floor import BOOK, CONTEXT, FOREVER, HEAD, SNAPSHOT, Floor, JumpClock, run

ASSETS = {"ETH": ETH, "USDC": USDC, "BTC": Asset(AssetId("BTC"), 8)}
LINE = "ETH USDC 2999.5 1700000000000\n"


def written(tmp_path, text):
    path = tmp_path / "prices"
    path.write_text(text, encoding="ascii")
    return PriceFile("desk", path, ASSETS)


def test_a_line_is_a_price_in_whole_units_with_its_time(tmp_path):
    (price,) = run(written(tmp_path, LINE).read_prices())

    assert price.pair == (ETH.id, USDC.id)
    # Dollars of 1e-6 for ethers of 1e-18.
    exact = Fraction(price.price.quote_atoms, price.price.base_atoms)
    assert exact == Fraction(29_995, 10) / 10**12
    assert (price.source, price.kind, price.instrument) == ("desk", PriceKind.INDEX, None)
    assert price.at == T0


def test_assets_that_are_not_configured_are_passed_over(tmp_path):
    file = written(tmp_path, f"DOGE USDC 1 1\n\n{LINE}")

    assert [p.pair for p in run(file.read_prices())] == [(ETH.id, USDC.id)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ETH USDC 3000\n", ":1: must be base, quote, price and milliseconds"),
        (f"{LINE}ETH USDC 3e3 1\n", ":2: must be a plain decimal number"),
        ("ETH USDC 0 1\n", ":1: price must be positive"),
        ("ETH USDC -5 1\n", ":1: price must be positive"),
        ("ETH USDC 5 1.5\n", ":1: must have at most 0 decimals"),
    ],
)
def test_a_line_that_is_none_spoils_the_file_and_is_named(tmp_path, text, said):
    with pytest.raises(MalformedDataError, match=r"prices:") as caught:
        run(written(tmp_path, text).read_prices())

    assert said in str(caught.value)


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path):
    with pytest.raises(MalformedDataError, match="cannot be read"):
        run(PriceFile("desk", tmp_path / "none", ASSETS).read_prices())
    with pytest.raises(MalformedDataError, match="larger than"):
        run(written(tmp_path, LINE * 40_000).read_prices())


class Teller:
    def __init__(self, *answers):
        self.name = "desk"
        self.answers = list(answers)

    async def read_prices(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_the_last_answer_stays_while_a_source_is_silent(tmp_path):
    (price,) = run(written(tmp_path, LINE).read_prices())
    kept = []
    teller = Teller((price,), MalformedDataError("torn"), MalformedDataError("torn"), ())
    poll = IndexPoll((teller,), clock=JumpClock(), keep=lambda *told: kept.append(told))

    for _ in range(4):
        run(poll.poll())

    assert kept == [("desk", (price,)), ("desk", ())]


def test_without_sources_there_is_nothing_to_wait_for():
    run(IndexPoll((), clock=JumpClock(), keep=lambda *_: None).run())


def reader_of(*instruments):
    floor = Floor()
    market = MarketView(instruments, FOREVER)
    for event in (SNAPSHOT, HEAD, BOOK, CONTEXT):
        market.fold(event)
    return Reader(floor.reader.venues, market, natives={}, clock=floor.clock)


def test_decisions_see_what_others_say_of_their_pair(tmp_path):
    reader = reader_of(POOL, PERP)
    (price,) = run(written(tmp_path, LINE).read_prices())
    reader.keep_prices("desk", (price, replace(price, price=replace(price.price, base="BTC"))))

    seen = run(reader.observe((POOL.id, PERP.id), (CHAIN, MARGIN), quote=USDC.id))

    kinds = {(p.kind, p.instrument) for p in seen.prices}
    assert kinds == {
        (PriceKind.INDEX, None),
        (PriceKind.POOL_TWAP, POOL.id),
        (PriceKind.BOOK_TWAP, PERP.id),
    }


def test_decisions_see_markets_of_their_pair_that_the_order_may_not_use():
    reader = reader_of(POOL, PERP)

    seen = run(reader.observe((POOL.id,), (CHAIN,), quote=USDC.id))

    told = {p.kind for p in seen.prices if p.instrument == InstrumentId(PERP.id)}
    assert told == {PriceKind.BOOK_MID, PriceKind.MARK, PriceKind.ORACLE, PriceKind.BOOK_TWAP}
    assert seen.books == ()
