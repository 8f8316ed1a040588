"""The contract's swap written plainly and slowly, to compare the fast one with to the last digit.

Follows Uniswap V3's and V4's own order of operations: every bitmap word is visited, every amount is
divided as often as the contract divides it.
"""

from router.liquidity.fixed_point import (
    Q96,
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    TICK_MAX,
    TICK_MIN,
    UINT256_MAX,
    sqrt_price_to_tick,
    tick_to_sqrt_price,
)


def up(numerator, denominator):
    return (numerator + denominator - 1) // denominator


def down(numerator, denominator):
    return numerator // denominator


def amount0(one, other, liquidity, divide):
    low, high = sorted((one, other))
    return divide(divide(liquidity * Q96 * (high - low), high), low)


def amount1(one, other, liquidity, divide):
    return divide(liquidity * abs(one - other), Q96)


def price_after_input(price, liquidity, amount, *, zero_for_one):
    if not zero_for_one:
        return price + down(amount * Q96, liquidity)
    if amount == 0:
        return price
    scaled = liquidity * Q96
    if scaled + amount * price <= UINT256_MAX:
        return up(scaled * price, scaled + amount * price)
    return up(scaled, down(scaled, price) + amount)


def price_after_output(price, liquidity, amount, *, zero_for_one):
    if zero_for_one:
        return price - up(amount * Q96, liquidity)
    scaled = liquidity * Q96
    return up(scaled * price, scaled - amount * price)


def v3_step(price, target, liquidity, remaining, fee):
    zero_for_one, exact_input = price >= target, remaining >= 0
    taken, given = (amount0, amount1) if zero_for_one else (amount1, amount0)
    if exact_input:
        less_fee = down(remaining * (10**6 - fee), 10**6)
        whole = taken(price, target, liquidity, up)
        reached = target
        if less_fee < whole:
            reached = price_after_input(price, liquidity, less_fee, zero_for_one=zero_for_one)
    else:
        whole = given(price, target, liquidity, down)
        reached = target
        if -remaining < whole:
            reached = price_after_output(price, liquidity, -remaining, zero_for_one=zero_for_one)
    ends = reached == target
    amount_in = whole if ends and exact_input else taken(price, reached, liquidity, up)
    amount_out = whole if ends and not exact_input else given(price, reached, liquidity, down)
    if not exact_input:
        amount_out = min(amount_out, -remaining)
    if exact_input and not ends:
        return reached, amount_in, amount_out, remaining - amount_in
    return reached, amount_in, amount_out, up(amount_in * fee, 10**6 - fee)


def v4_step(price, target, liquidity, remaining, fee):
    """Take `remaining` with the signs of V3: positive is an exact input."""
    zero_for_one = price >= target
    taken, given = (amount0, amount1) if zero_for_one else (amount1, amount0)
    if remaining > 0:
        less_fee = down(remaining * (10**6 - fee), 10**6)
        amount_in = taken(price, target, liquidity, up)
        if less_fee >= amount_in:
            reached = target
            fee_amount = amount_in if fee == 10**6 else up(amount_in * fee, 10**6 - fee)
        else:
            amount_in = less_fee
            reached = price_after_input(price, liquidity, less_fee, zero_for_one=zero_for_one)
            fee_amount = remaining - amount_in
        return reached, amount_in, given(price, reached, liquidity, down), fee_amount
    amount_out = given(price, target, liquidity, down)
    if -remaining >= amount_out:
        reached = target
    else:
        amount_out = -remaining
        reached = price_after_output(price, liquidity, amount_out, zero_for_one=zero_for_one)
    amount_in = taken(price, reached, liquidity, up)
    return reached, amount_in, amount_out, up(amount_in * fee, 10**6 - fee)


def next_tick(initialised, compressed, *, zero_for_one):
    """Find the next initialised tick within one bitmap word; all in units of the spacing."""
    if zero_for_one:
        word_start = compressed - compressed % 256
        found = [t for t in range(word_start, compressed + 1) if t in initialised]
        return (found[-1], True) if found else (word_start, False)
    first = compressed + 1
    word_end = first - first % 256 + 255
    found = [t for t in range(first, word_end + 1) if t in initialised]
    return (found[0], True) if found else (word_end, False)


def swap(pool, *, zero_for_one, amount_specified, limit=None, step=v3_step):
    """Return amounts, price, tick and liquidity as the contract's event has them."""
    if limit is None:
        limit = SQRT_PRICE_MIN_X96 + 1 if zero_for_one else SQRT_PRICE_MAX_X96 - 1
    nets = {tick.index // pool.tick_spacing: tick.liquidity_net for tick in pool.ticks}
    protocol = pool.protocol_fees_pips[not zero_for_one]
    fee = protocol + pool.fee_pips - protocol * pool.fee_pips // 10**6
    price, tick, liquidity = pool.sqrt_price_x96, pool.tick, pool.liquidity
    remaining, counter = amount_specified, 0
    while remaining != 0 and price != limit:
        found, initialised = next_tick(nets, tick // pool.tick_spacing, zero_for_one=zero_for_one)
        boundary = min(max(found * pool.tick_spacing, TICK_MIN), TICK_MAX)
        boundary_price = tick_to_sqrt_price(boundary)
        target = max(boundary_price, limit) if zero_for_one else min(boundary_price, limit)
        before = price
        price, amount_in, amount_out, fee_amount = step(price, target, liquidity, remaining, fee)
        if amount_specified > 0:
            remaining -= amount_in + fee_amount
            counter -= amount_out
        else:
            remaining += amount_out
            counter += amount_in + fee_amount
        if price == boundary_price:
            if initialised:
                liquidity += -nets[found] if zero_for_one else nets[found]
            tick = boundary - 1 if zero_for_one else boundary
        elif price != before:
            tick = sqrt_price_to_tick(price)
    amounts = (amount_specified - remaining, counter)
    if zero_for_one != (amount_specified > 0):
        amounts = amounts[::-1]
    return (*amounts, price, tick, liquidity)
