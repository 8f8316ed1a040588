"""What a fill did to the cash of the venue's own dex. Pure."""

import re
from typing import Final

from router.domain.units import Rounding, divide
from venues.hyperliquid.spec import COLLATERAL_DECIMALS
from venues.hyperliquid.trading.facts import E8_DECIMALS, FillReport
from venues.hyperliquid.translate import FEE_CURRENCY

_ELSEWHERE: Final = re.compile(r"[:/@#]")  # another dex, spot by name or number, an outcome
_E8: Final = 10**E8_DECIMALS
_FINER: Final = 10 ** (E8_DECIMALS - COLLATERAL_DECIMALS)


def fill_cash(fill: FillReport) -> int:
    """Return the atoms of collateral that came in, less those that were paid.

    Exact where the fill is on its market's grid; the fee is rounded up.
    """
    if _ELSEWHERE.search(fill.coin):
        return 0
    notional = divide(fill.price_e8 * fill.size_e8, _E8 * _FINER, Rounding.DOWN)
    fee = divide(fill.fee_e8, _FINER, Rounding.UP) if fill.fee_token == FEE_CURRENCY else 0
    return (-notional if fill.is_buy else notional) - fee
