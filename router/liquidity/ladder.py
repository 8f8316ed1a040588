"""Many exact quotes against one state of a pool and one direction, without walking it each time.

What fully crossed ranges take and give depends on the state and the direction alone, so their sums
are kept and a quote is a bisection and one partial step. Equal to `concentrated.swap` to the last
atom. Refuses to follow the pool: a changed pool needs a new ladder.

Why the sums decide: the contract enters a range iff something remains, and crosses it iff what
remains is at least what the range takes, fee included (see `swap_step.fee_on` for the proof), or
with an exact output, what it gives. So a swap of `amount` ends at the first boundary whose sum is
at least `amount`: exactly there if the sum is the amount, inside the range before it otherwise.
"""

from bisect import bisect_left

from router.liquidity.concentrated import Pool, Swap, check_amount
from router.liquidity.fixed_point import sqrt_price_to_tick
from router.liquidity.price_range import Range, ranges_above, ranges_below, stop_price
from router.liquidity.swap_step import (
    amounts_between,
    fee_on,
    unfinished_input,
    unfinished_output,
)


class Ladder:
    """Exact quotes against one state of a pool, in one direction.

    Sums are made when a quote first reaches them, so the first quotes cost as much as a swap.

    Parameters
    ----------
    sqrt_price_limit_x96 : int | None
        Where every quote must stop with a partial fill; None goes to the end of the price range.

    Raises
    ------
    PriceLimitError
        If the limit is not ahead of the price.
    """

    __slots__ = (
        "_ended",
        "_fee_pips",
        "_fees",
        "_paid",
        "_pool",
        "_ranges",
        "_received",
        "_walk",
        "_zero_for_one",
    )

    def __init__(
        self, pool: Pool, *, zero_for_one: bool, sqrt_price_limit_x96: int | None = None
    ) -> None:
        limit = stop_price(pool.sqrt_price_x96, sqrt_price_limit_x96, zero_for_one=zero_for_one)
        ranges = ranges_below if zero_for_one else ranges_above
        self._pool = pool
        self._zero_for_one = zero_for_one
        self._fee_pips = pool.swap_fee_pips(zero_for_one=zero_for_one)
        self._walk = ranges(
            pool.ticks,
            spacing=pool.tick_spacing,
            price=pool.sqrt_price_x96,
            tick=pool.tick,
            liquidity=pool.liquidity,
            limit=limit,
        )
        # Item 0 is the pool as it stands and item i where the i-th range ends. Sums are in atoms.
        here: Range = (0, pool.sqrt_price_x96, 0, pool.tick, pool.liquidity, 0)
        self._ranges = [here]
        self._paid = [0]
        self._received = [0]
        self._fees = [0]
        self._ended = False

    def exact_input(self, amount: int) -> Swap:
        """Return what `concentrated.swap` does with ``amount_specified=amount``."""
        check_amount(max(amount, 0), self._fee_pips)
        while self._paid[-1] < amount and not self._ended:
            self._extend()
        place = min(bisect_left(self._paid, amount), len(self._paid) - 1)
        if amount >= self._paid[place]:
            return self._at(place)
        start, _, liquidity, _, _, _ = self._ranges[place]
        step = unfinished_input(
            start,
            liquidity,
            zero_for_one=self._zero_for_one,
            remaining=amount - self._paid[place - 1],
            fee_pips=self._fee_pips,
        )
        return self._within(place, step)

    def exact_output(self, amount: int) -> Swap:
        """Return what `concentrated.swap` does with ``amount_specified=-amount``."""
        check_amount(min(-amount, 0), self._fee_pips)
        while self._received[-1] < amount and not self._ended:
            self._extend()
        place = min(bisect_left(self._received, amount), len(self._received) - 1)
        if amount >= self._received[place]:
            return self._at(place)
        start, _, liquidity, _, _, _ = self._ranges[place]
        step = unfinished_output(
            start,
            liquidity,
            zero_for_one=self._zero_for_one,
            remaining=amount - self._received[place - 1],
            fee_pips=self._fee_pips,
        )
        return self._within(place, step)

    def _extend(self) -> None:
        following = next(self._walk, None)
        if following is None:
            self._ended = True
            return
        start, target, liquidity, tick, liquidity_after, crossed = following
        amount_in, amount_out = amounts_between(start, target, liquidity)
        fee = fee_on(amount_in, self._fee_pips)
        crossed += self._ranges[-1][5]
        self._ranges.append((start, target, liquidity, tick, liquidity_after, crossed))
        self._paid.append(self._paid[-1] + amount_in + fee)
        self._received.append(self._received[-1] + amount_out)
        self._fees.append(self._fees[-1] + fee)

    # A swap that has ended exactly where a range does.
    def _at(self, place: int) -> Swap:
        _, price, _, tick, liquidity, crossed = self._ranges[place]
        after = self._pool.moved(sqrt_price_x96=price, tick=tick, liquidity=liquidity)
        return self._swap(place, (0, 0, 0), crossed=crossed, after=after)

    # One that has gone on into the range that ends at `place`; a price so small a move from its
    # start or end that rounding puts it there counts as the contract counts it.
    def _within(self, place: int, step: tuple[int, int, int, int]) -> Swap:
        reached = step[0]
        start, target, liquidity, tick, liquidity_after, crossed = self._ranges[place]
        _, _, _, tick_before, _, crossed_before = self._ranges[place - 1]
        if reached != target:
            tick = tick_before if reached == start else sqrt_price_to_tick(reached)
            liquidity_after, crossed = liquidity, crossed_before
        after = self._pool.moved(sqrt_price_x96=reached, tick=tick, liquidity=liquidity_after)
        return self._swap(place - 1, step[1:], crossed=crossed, after=after)

    def _swap(
        self, place: int, further: tuple[int, int, int], *, crossed: int, after: Pool
    ) -> Swap:
        amount_in, amount_out, fee = further
        paid, received = self._paid[place] + amount_in + fee, self._received[place] + amount_out
        fees = self._fees[place] + fee
        if self._zero_for_one:
            return Swap(paid, -received, fees, crossed, after)
        return Swap(-received, paid, fees, crossed, after)
