"""A client's words to a cancel or an amendment; every fault names the field and the remedy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.amend import Amendment
from router.domain.error import OrderError
from router.domain.instrument import Asset
from router.domain.order import ParentOrder
from router.domain.units import (
    NS_PER_S,
    Amount,
    AssetId,
    DurationNs,
    Pips,
    Price,
    TimestampNs,
    parse_decimal,
)

_CANCEL: Final = ("order", "request", "by", "wait_s")
_TERMS: Final = ("quantity", "limit_price", "slippage_max_bps", "deadline_s")
_NAME: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,64}\Z")
_WAIT_S_DEFAULT: Final = "5"
_WAIT_S_MAX: Final = 600
_DEADLINE_S_MAX: Final = 86_400
_PRICE_DECIMALS: Final = 18
_NS_PER_MS: Final = NS_PER_S // 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks of an order at work, understood but for the order's own units.

    Attributes
    ----------
    order : str
        The client's name of the order, or the desk's.
    request : str
        The client's own name of what is asked: the same name is the same request.
    wait : DurationNs
        How long what becomes of it is waited for.
    terms : Mapping[str, str]
        Of an amendment, as they were given.
    """

    order: str
    request: str
    by: str
    wait: DurationNs
    terms: Mapping[str, str]

    def amendment(
        self, order: ParentOrder, assets: Mapping[str, Asset], now: TimestampNs
    ) -> Amendment:
        """Return the terms in the order's own units.

        Raises
        ------
        OrderError
            Naming the field and the remedy.
        """
        return Amendment(
            quantity=self._quantity(order, assets),
            limit_price=self._limit_price(order, assets),
            slippage_max_pips=self._slippage(),
            deadline_at=self._deadline(now),
        )

    def _quantity(self, order: ParentOrder, assets: Mapping[str, Asset]) -> Amount | None:
        asset = order.quantity.asset
        atoms = self._number("quantity", decimals=_decimals(assets, asset))
        if atoms is None:
            return None
        if atoms < 0:
            raise OrderError(f"quantity: must not be negative, was {self.terms['quantity']}")
        return Amount(asset, atoms)

    def _limit_price(self, order: ParentOrder, assets: Mapping[str, Asset]) -> Price | None:
        scaled = self._number("limit_price", decimals=_PRICE_DECIMALS)
        if scaled is None:
            return None
        if scaled <= 0:
            raise OrderError(f"limit_price: must be positive, was {self.terms['limit_price']}")
        quote_atoms = scaled * 10 ** _decimals(assets, order.quote)
        base_atoms = 10 ** (_PRICE_DECIMALS + _decimals(assets, order.base))
        return Price(order.base, order.quote, quote_atoms, base_atoms)

    def _slippage(self) -> Pips | None:
        pips = self._number("slippage_max_bps", decimals=2)
        if pips is not None and pips < 0:
            raise OrderError(f"slippage_max_bps: must not be negative, was {pips / 100:g}")
        return None if pips is None else Pips(pips)

    def _deadline(self, now: TimestampNs) -> TimestampNs | None:
        deadline_ms = self._number("deadline_s", decimals=3)
        if deadline_ms is None:
            return None
        if not 0 < deadline_ms <= _DEADLINE_S_MAX * 1_000:
            raise OrderError(
                f"deadline_s: must lie between 0 and {_DEADLINE_S_MAX}, counted from now"
            )
        return TimestampNs(now + deadline_ms * _NS_PER_MS)

    def _number(self, field: str, *, decimals: int) -> int | None:
        if field not in self.terms:
            return None
        return _parsed(field, self.terms[field], decimals)


def parse_cancel(request: Mapping[str, str]) -> Wanted:
    """Make a cancel of a flat mapping: ``order``, ``request``, ``by``, optional ``wait_s``.

    Raises
    ------
    OrderError
        Naming the field and the remedy.
    """
    return _wanted(request, _CANCEL)


def parse_amend(request: Mapping[str, str]) -> Wanted:
    """Make an amendment of a flat mapping: a cancel's fields, and at least one other term.

    The terms are ``quantity`` (of the whole order, what has filled included), ``limit_price``,
    ``slippage_max_bps`` and ``deadline_s`` (from now).

    Raises
    ------
    OrderError
        Naming the field and the remedy.
    """
    wanted = _wanted(request, (*_CANCEL, *_TERMS))
    if not wanted.terms:
        raise OrderError(f"terms: missing; give at least one of {', '.join(_TERMS)}")
    return wanted


def _wanted(request: Mapping[str, str], fields: tuple[str, ...]) -> Wanted:
    for name in sorted(request.keys() - set(fields)):
        raise OrderError(f"{name}: unknown field; use {', '.join(fields)}")
    wait_ms = _parsed("wait_s", request.get("wait_s", _WAIT_S_DEFAULT), 3)
    if not 0 <= wait_ms <= _WAIT_S_MAX * 1_000:
        raise OrderError(f"wait_s: must lie between 0 and {_WAIT_S_MAX}")
    return Wanted(
        order=_name(request, "order", "say which, by its client order id"),
        request=_name(request, "request", "name it: the same name is the same request"),
        by=_name(request, "by", "say who asks"),
        wait=DurationNs(wait_ms * _NS_PER_MS),
        terms={name: request[name] for name in _TERMS if name in request},
    )


def _name(request: Mapping[str, str], field: str, remedy: str) -> str:
    if field not in request:
        raise OrderError(f"{field}: missing; {remedy}")
    if not _NAME.match(request[field]):
        raise OrderError(f"{field}: must be 1 to 64 letters, digits, dots, dashes; not . or ..")
    return request[field]


def _parsed(field: str, text: str, decimals: int) -> int:
    try:
        return parse_decimal(text, decimals)
    except ValueError as error:
        raise OrderError(f"{field}: {error}") from None


def _decimals(assets: Mapping[str, Asset], asset: AssetId) -> int:
    if asset not in assets:
        raise OrderError(f"order: {asset} is no longer configured; put it back to amend the order")
    return assets[asset].decimals
