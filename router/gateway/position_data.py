"""What an account has traded, as plain data: amounts as decimal strings."""

from collections.abc import Mapping
from typing import Final

from router.domain.instrument import Asset
from router.domain.units import Rounding, divide, format_decimal
from router.state.traded import Key, Traded

_PRICE_DECIMALS: Final = 8


def position_data(key: Key, traded: Traded, assets: Mapping[str, Asset]) -> dict[str, object]:
    """Return bought and sold of one pair, and the net; average prices are rounded against us."""
    client, account, base, quote = key
    base_decimals, quote_decimals = (
        assets[asset].decimals if asset in assets else 0 for asset in (base, quote)
    )

    def price(cash: int, quantity: int, rounding: Rounding) -> str | None:
        if quantity <= 0:
            return None
        numerator = cash * 10 ** (base_decimals + _PRICE_DECIMALS)
        scaled = divide(numerator, quantity * 10**quote_decimals, rounding)
        return format_decimal(scaled, _PRICE_DECIMALS)

    return {
        "client": client,
        "account": account,
        "base": base,
        "quote": quote,
        "bought": format_decimal(traded.bought, base_decimals),
        "sold": format_decimal(traded.sold, base_decimals),
        "net": format_decimal(traded.bought - traded.sold, base_decimals),
        "paid": format_decimal(traded.paid, quote_decimals),
        "received": format_decimal(traded.received, quote_decimals),
        "net_cash": format_decimal(traded.received - traded.paid, quote_decimals),
        "average_bought": price(traded.paid, traded.bought, Rounding.UP),
        "average_sold": price(traded.received, traded.sold, Rounding.DOWN),
        "fees": {
            asset: format_decimal(atoms, assets[asset].decimals if asset in assets else 0)
            for asset, atoms in sorted(traded.fees.items())
        },
    }
