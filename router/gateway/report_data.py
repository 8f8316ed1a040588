"""Reports as plain data: amounts as decimal strings, times in nanoseconds as strings.

Quantities of the base and cash of the quote are told apart: an order may be for either. Average and
last price are rounded against the order.
"""

from collections.abc import Mapping
from typing import Final

from router.domain.instrument import Asset
from router.domain.order import Fill, ParentOrder
from router.domain.units import Price, Rounding, Side, divide, format_decimal
from router.gateway.order_data import ALGOS
from router.gateway.reports import Report

_PRICE_DECIMALS: Final = 8  # at least, and more of what is worth little
_PRICE_LEAST: Final = 10**7  # in units of the last decimal: eight digits
_LIMIT_DECIMALS: Final = 18  # as many as an order may say: a limit is told as it was given


def report_data(report: Report, assets: Mapping[str, Asset]) -> dict[str, object]:
    """Return a report for whoever reads JSON; absent values are None."""
    order = report.order
    return {
        "place": [report.sequence, report.index],
        "exec_id": report.exec_id,
        "kind": report.kind.value,
        "status": report.status.value,
        "order": order.id,
        "client": order.client,
        "account": order.account,
        "client_order_id": report.name,
        "first_client_order_id": order.client_order_id,
        "request": report.request or None,
        "asked_by": report.asked_by or None,
        "was_pending": report.was_pending,
        "original_client_order_id": report.original or None,
        "side": order.side.value,
        "base": order.base,
        "quote": order.quote,
        "quantity_asset": order.quantity.asset,
        "quantity": _decimal(order.quantity.atoms, order.quantity.asset, assets),
        "limit_price": _limit(order, assets),
        "algo": ALGOS[type(order.algo)],
        "time_in_force": order.persistence.value,
        "basket": order.basket or None,
        "strategy": order.strategy,
        "by": order.by,
        "deadline_at": str(order.deadline_at),
        "filled_base": _decimal(report.base, order.base, assets),
        "filled_quote": _decimal(report.cash, order.quote, assets),
        "leaves": _decimal(report.leaves, order.quantity.asset, assets),
        "average_price": _ratio(report.cash, report.base, order=order, assets=assets),
        "fill": None if report.fill is None else fill_data(report.fill, order, assets),
        "child": report.child,
        "venue": report.venue or None,
        "adds_liquidity": report.adds_liquidity,
        "voided": None if report.voided is None else report.voided.id,
        "voided_exec_id": report.voided_exec_id or None,
        "text": report.text,
        "code": report.code or None,
        "at": str(report.at),
    }


def fill_data(fill: Fill, order: ParentOrder, assets: Mapping[str, Asset]) -> dict[str, object]:
    """Return one execution; its price is the cash over the quantity, the venue's fee not in it."""
    return {
        "id": fill.id,
        "child": fill.child,
        "instrument": fill.instrument,
        "quantity": _decimal(fill.quantity.atoms, fill.quantity.asset, assets),
        "notional": _decimal(fill.notional.atoms, fill.notional.asset, assets),
        "price": _ratio(fill.notional.atoms, fill.quantity.atoms, order=order, assets=assets),
        "fee": _decimal(fill.fee.atoms, fill.fee.asset, assets),
        "fee_asset": fill.fee.asset,
        "at_venue": str(fill.at_venue),
    }


def _ratio(cash: int, base: int, *, order: ParentOrder, assets: Mapping[str, Asset]) -> str | None:
    if not cash or not base:
        return None
    price = Price(order.base, order.quote, cash, base)
    return _price(price, order, assets, decimals=_PRICE_DECIMALS)


def _limit(order: ParentOrder, assets: Mapping[str, Asset]) -> str | None:
    if order.limit_price is None:
        return None
    return _price(order.limit_price, order, assets, decimals=_LIMIT_DECIMALS)


def _price(price: Price, order: ParentOrder, assets: Mapping[str, Asset], *, decimals: int) -> str:
    rounding = Rounding.UP if order.side is Side.BUY else Rounding.DOWN
    numerator = price.quote_atoms * 10 ** _decimals(price.base, assets)
    denominator = price.base_atoms * 10 ** _decimals(price.quote, assets)
    while decimals < _LIMIT_DECIMALS and numerator * 10**decimals < denominator * _PRICE_LEAST:
        decimals += 1
    return format_decimal(divide(numerator * 10**decimals, denominator, rounding), decimals)


def _decimal(atoms: int, asset: str, assets: Mapping[str, Asset]) -> str:
    return format_decimal(atoms, _decimals(asset, assets))


# What is no longer configured is told in atoms.
def _decimals(asset: str, assets: Mapping[str, Asset]) -> int:
    return assets[asset].decimals if asset in assets else 0
