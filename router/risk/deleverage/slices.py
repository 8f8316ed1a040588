"""What is left to cut while cuts are being chosen: lots, depth, exposure, margin. Exact.

Depth is shared: what one account's slice takes of a book is not there for the next one's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, gcd, lcm
from typing import Final, TypeAlias

from router.domain.risk import ZoneRules
from router.domain.units import PIPS_PER_UNIT, AccountId, AssetId, InstrumentId
from router.risk.deleverage.desk import Desk, Held, Market

_NOTHING: Final = Fraction(0)
# A position, what is left of it and was taken of its book, and how many lots are closed.
_Place: TypeAlias = tuple[AccountId, InstrumentId, int, int, int]


@dataclass(frozen=True, slots=True)
class Closing:
    """What closing some lots of a position does, in collateral atoms.

    Attributes
    ----------
    paid : Fraction
        Against the worse of mid and value, fee included: what it costs the firm.
    lost, lost_at_mark : Fraction
        By how much the account's equity falls: of its value, of what the venue says.
    released, released_at_mark : Fraction
        Maintenance margin that is not needed any more.
    """

    paid: Fraction
    lost: Fraction
    lost_at_mark: Fraction
    released: Fraction
    released_at_mark: Fraction


class Remains:
    """What is left of a desk after the cuts so far."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.lots = {(h.account, h.instrument): h.lots for h in desk.held}
        self.net = dict(desk.net)
        self._used: dict[tuple[InstrumentId, bool], int] = {}
        # Desks are looked at while somebody waits: what no cut has touched is not reckoned again.
        self._own: dict[AccountId, list[Held]] = {}
        for held in desk.held:
            self._own.setdefault(held.account, []).append(held)
        self._fair: dict[tuple[InstrumentId, bool], Fraction] = {}
        self._closings: dict[_Place, Closing] = {}
        self._weights: dict[AccountId, tuple[Fraction, Fraction]] = {}
        self._kept: dict[tuple[AccountId, bool], Fraction] = {}

    def own(self, account: AccountId) -> Sequence[Held]:
        """Return the positions of an account."""
        return self._own.get(account, ())

    def fair(self, held: Held) -> Fraction:
        """Return what a lot of a position is worth."""
        key = held.instrument, held.is_long
        if key not in self._fair:
            self._fair[key] = self.market(held).fair(is_long=held.is_long)
        return self._fair[key]

    def market(self, held: Held) -> Market:
        """Return where a position is closed."""
        return self.desk.markets[held.instrument]

    def asset(self, held: Held) -> AssetId:
        """Return what a position is in."""
        return self.market(held).instrument.base.id

    def left(self, held: Held) -> int:
        """Return how many lots are left, without their sign."""
        return abs(self.lots[held.account, held.instrument])

    def depth(self, held: Held, rules: ZoneRules) -> int:
        """Return how many lots more a slice may take of the book that closes a position."""
        market = self.market(held)
        used = self._used.get((held.instrument, held.is_long), 0)
        visible = self.shown(held) + used
        room = visible * rules.slice_max_pips // PIPS_PER_UNIT - used
        if market.notional_max is not None:
            room = min(room, int(market.notional_max / market.mid) - used)
        return max(0, room)

    def level_left(self, held: Held) -> int:
        """Return what is left of the level that is taken next; zero where the book ends."""
        used = self._used.get((held.instrument, held.is_long), 0)
        for _, lots in self.market(held).closing(is_long=held.is_long):
            if used < lots:
                return lots - used
            used -= lots
        return 0

    def shown(self, held: Held) -> int:
        """Return how many lots the book that closes a position still shows."""
        visible = sum(lots for _, lots in self.market(held).closing(is_long=held.is_long))
        return visible - self._used.get((held.instrument, held.is_long), 0)

    def tier_left(self, held: Held) -> int:
        """Return how many lots release margin at the rate of the tier the position is in."""
        left, fair = self.left(held), self.fair(held)
        bound = held.tiers.tiers[held.tiers.index(left * fair)].above
        return max(1, left - ceil(bound / fair)) if bound else left

    def closing(self, held: Held, lots: int) -> Closing:
        """Return what closing so many lots more does; the book must hold them."""
        used = self._used.get((held.instrument, held.is_long), 0)
        place = held.account, held.instrument, self.left(held), used, lots
        if place not in self._closings:
            self._closings[place] = self._closing(held, lots)
        return self._closings[place]

    def _closing(self, held: Held, lots: int) -> Closing:
        market, is_long = self.market(held), held.is_long
        fair, mid = self.fair(held), market.mid
        traded, fee = self._notional(held, lots), market.fee
        net = traded * (1 - fee) if is_long else traded * (1 + fee)
        sign = 1 if is_long else -1
        reference = max(fair, mid) if is_long else min(fair, mid)
        return Closing(
            paid=sign * (lots * reference - net),
            lost=sign * (lots * fair - net),
            lost_at_mark=sign * (lots * market.mark - net),
            released=self._released(held, lots, fair),
            released_at_mark=self._released(held, lots, market.mark),
        )

    def cut(self, held: Held, lots: int) -> None:
        """Take lots off a position, out of the book, and off the firm's exposure."""
        signed = lots if held.is_long else -lots
        self.lots[held.account, held.instrument] -= signed
        key = (held.instrument, held.is_long)
        self._used[key] = self._used.get(key, 0) + lots
        asset = self.asset(held)
        self.net[asset] = self.net.get(asset, _NOTHING) - signed * self.market(held).lot
        self._weights.pop(held.account, None)
        for at_mark in (False, True):
            self._kept.pop((held.account, at_mark), None)

    def weight(self, account: AccountId) -> tuple[Fraction, Fraction]:
        """Return what an account's positions are worth: net of their signs, and all together."""
        if account not in self._weights:
            self._weights[account] = self._weight(account)
        return self._weights[account]

    def _weight(self, account: AccountId) -> tuple[Fraction, Fraction]:
        net = gross = _NOTHING
        for held in self.own(account):
            worth = self.left(held) * self.fair(held)
            net += worth if held.is_long else -worth
            gross += worth
        return net, gross

    def maintenance(self, account: AccountId, *, at_mark: bool = False) -> Fraction:
        """Return the maintenance margin of an account's positions that can be cut."""
        key = account, at_mark
        if key not in self._kept:
            self._kept[key] = self._maintenance(account, at_mark=at_mark)
        return self._kept[key]

    def _maintenance(self, account: AccountId, *, at_mark: bool) -> Fraction:
        total = _NOTHING
        for held in self.own(account):
            price = self.market(held).mark if at_mark else self.fair(held)
            total += held.tiers.maintenance(self.left(held) * price)
        return total

    def _released(self, held: Held, lots: int, price: Fraction) -> Fraction:
        left = self.left(held)
        return held.tiers.maintenance(left * price) - held.tiers.maintenance((left - lots) * price)

    def _notional(self, held: Held, lots: int) -> Fraction:
        used = self._used.get((held.instrument, held.is_long), 0)
        total = _NOTHING
        for price, shown in self.market(held).closing(is_long=held.is_long):
            taken = min(lots, max(0, shown - used))
            used = max(0, used - shown)
            total += taken * price
            lots -= taken
        assert lots == 0, "a slice is no more than what the book shows"
        return total


def common_step(sizes: Sequence[Fraction]) -> Fraction:
    """Return the smallest quantity that is a whole number of each of some sizes."""
    step = sizes[0]
    for size in sizes[1:]:
        step = Fraction(
            lcm(step.numerator, size.numerator), gcd(step.denominator, size.denominator)
        )
    return step
