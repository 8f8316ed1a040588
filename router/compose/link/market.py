"""What gateways are told of markets: instruments, algos, venues, and what can be traded now."""

from collections.abc import Mapping
from typing import Final

import orjson

from router.compose.link.fields import count, invalid, text
from router.compose.link.linked import Answer, Linked
from router.domain.error import StaleDataError
from router.domain.instrument import Instrument, InstrumentKind
from router.domain.units import TimestampNs, VenueId, format_decimal
from router.gateway.algo_registry import algos_data
from router.gateway.book_data import DEPTH_MAX, Market, book_data
from router.gateway.link import Fields
from router.port import VenueSetup

_DEPTH: Final = 10


async def _instruments(link: Linked, _fields: Fields) -> bytes:
    rows = [_instrument(each) for each in link.desk.assembly.instruments]
    pairs = {(each["base"], each["quote"]): None for each in rows}
    assets = [
        {"asset": asset.id, "decimals": asset.decimals}
        for asset in link.desk.assembly.config.assets.values()
    ]
    told = [{"base": base, "quote": quote} for base, quote in pairs]
    return orjson.dumps({"instruments": rows, "pairs": told, "assets": assets})


async def _algos(_link: Linked, _fields: Fields) -> bytes:
    return orjson.dumps({"algos": algos_data()})


async def _venues(link: Linked, _fields: Fields) -> bytes:
    return orjson.dumps({"venues": [_venue(link, setup) for setup in link.desk.assembly.setups]})


async def _book(link: Linked, fields: Fields) -> bytes:
    return orjson.dumps(book_now(link, fields))


def book_now(link: Linked, fields: Fields) -> dict[str, object]:
    """Return what can be traded of a pair now; markets that are stale are named apart.

    Raises
    ------
    LinkError
        If no market trades the pair.
    """
    base, quote = text(fields, "base"), text(fields, "quote")
    depth = count(fields, "depth", _DEPTH, most=DEPTH_MAX, least=1)
    pair = [_turned(each, base, quote) for each in link.desk.assembly.instruments]
    traded = [each for each in pair if each is not None]
    if not traded:
        raise invalid("base", f"no market trades {base} for {quote}")
    now, fresh, missing = link.now, [], []
    for instrument in traded:
        try:
            fresh.append(_seen(link, instrument, now))
        except StaleDataError as error:
            missing.append({"instrument": instrument.id, "reason": str(error)})
    told = book_data(fresh, depth=depth)
    return {"base": base, "quote": quote, **told, "missing": missing, "at": str(now)}


def _turned(instrument: Instrument, base: str, quote: str) -> Instrument | None:
    own = instrument.base.id, instrument.quote.id
    if own == (base, quote):
        return instrument
    is_pool = instrument.kind is InstrumentKind.SPOT_POOL
    return instrument.reversed() if is_pool and own == (quote, base) else None


def _seen(link: Linked, instrument: Instrument, now: TimestampNs) -> Market:
    market = link.runtime.reader.market
    if instrument.kind is InstrumentKind.SPOT_POOL:
        return Market(instrument, market.pool(instrument.id, now))
    book, _ = market.book(instrument.id, now)
    return Market(instrument, book)


def _instrument(each: Instrument) -> dict[str, object]:
    return {
        "instrument": each.id,
        "venue": each.venue,
        "symbol": each.symbol,
        "kind": each.kind.value,
        "protocol": each.protocol or None,
        "base": each.base.id,
        "quote": each.quote.id,
        "account": each.account,
        "lot": format_decimal(each.lot_atoms, each.base.decimals),
        "tick": None
        if each.is_on_chain
        else format_decimal(10 ** max(0, -each.tick_decimals), max(0, each.tick_decimals)),
        "notional_min": format_decimal(each.notional_min_atoms, each.quote.decimals),
        "fee_bps": format_decimal(each.fee_pips, 2) if each.has_fixed_fee else None,
    }


def _venue(link: Linked, setup: VenueSetup) -> dict[str, object]:
    name, now = setup.venue.id, link.now
    problems: list[dict[str, str]] = []
    for instrument in setup.instruments:
        try:
            _seen(link, instrument, now)
        except StaleDataError as error:
            problems.append({"instrument": instrument.id, "reason": str(error)})
    age = _age(link, name, setup, now=now)
    return {
        "venue": name,
        "account": setup.venue.account,
        "instruments": len(setup.instruments),
        "is_connected": age is not None,
        "is_fresh": not problems,
        "age_ms": age,
        "is_halted": link.desk.switchboard.is_stopped(name, setup.venue.account),
        "real_money": setup.real_money,
        "problems": problems,
    }


# Since the venue's last word, in milliseconds; None where it is away.
def _age(link: Linked, venue: VenueId, setup: VenueSetup, *, now: TimestampNs) -> int | None:
    market = link.runtime.reader.market
    head = market.head(venue)
    if head is not None:
        return max(0, now - head.received_at) // 10**6
    heard = []
    for instrument in setup.instruments:
        if instrument.kind is InstrumentKind.PERP_BOOK:
            try:
                heard.append(market.book(instrument.id, now)[0].received_at)
            except StaleDataError:
                continue
    return max(0, now - max(heard)) // 10**6 if heard else None


ANSWERS: Final[Mapping[str, Answer]] = {
    "instruments": _instruments,
    "algos": _algos,
    "venues": _venues,
    "book": _book,
}
