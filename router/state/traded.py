"""What each client's account has traded of each pair: the sum of its orders' fills. Pure.

An account here is a client's own, a plain name that orders bear; what venues hold is the ledger's.
"""

from dataclasses import dataclass, field, replace
from typing import TypeAlias

from immutables import Map

from router.domain.order import Fill
from router.domain.units import AssetId, Side

Key: TypeAlias = tuple[str, str, AssetId, AssetId]  # client, account, base, quote


@dataclass(frozen=True, slots=True)
class Traded:
    """Fills of one account in one pair, in atoms.

    Attributes
    ----------
    bought, paid, sold, received : int
        Of the base, and what it cost or brought of the quote, venue fees not in it.
    fees : Map of AssetId to int
        What venues charged; negative is a rebate.
    """

    bought: int = 0
    paid: int = 0
    sold: int = 0
    received: int = 0
    fees: Map[AssetId, int] = field(default_factory=Map)

    def with_fill(self, side: Side, fill: Fill, *, sign: int = 1) -> "Traded":
        """Return it with one execution more, or one less where `sign` is -1."""
        quantity, cash = sign * fill.quantity.atoms, sign * fill.notional.atoms
        fee = self.fees.get(fill.fee.asset, 0) + sign * fill.fee.atoms
        fees = self.fees.set(fill.fee.asset, fee)
        if side is Side.BUY:
            return replace(self, bought=self.bought + quantity, paid=self.paid + cash, fees=fees)
        return replace(self, sold=self.sold + quantity, received=self.received + cash, fees=fees)
