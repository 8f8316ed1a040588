"""Our integers against the contracts': the same swaps on both sides, compared after each."""

from dataclasses import dataclass, field, replace

from router.domain.market import PoolTick
from router.liquidity import concentrated
from router.liquidity.oracle import InconsistentPoolError, LiquidityError
from router.liquidity.replay import replay
from tests.integration.pools import draw
from tests.integration.pools.ground import succeeded
from venues.sandbox.chain.uniswap_v4 import NATIVE

SWAPS_PER_BLOCK = 100
POOLS, BLOCKS_PER_POOL = 10, 1
POOLS_SOAK, BLOCKS_PER_POOL_SOAK = 55, 2
_TOLD = ("amount0", "amount1", "sqrt_price_x96", "liquidity", "tick")
_NATIVE_SENT_WEI = 1 << 127  # more than a pool here can ask for; the rest comes back


@dataclass
class Tally:
    """What was compared, and every difference that was found."""

    pools: int = 0
    swaps: int = 0
    refused: int = 0
    drained: int = 0
    ticks: int = 0
    words: int = 0
    differences: list = field(default_factory=list)

    def count(self, before, done):
        self.swaps += 1
        if isinstance(done, LiquidityError):
            self.refused += 1
            return
        self.ticks += done.ticks_crossed
        self.words += draw.words_between(before, done.pool)
        self.drained += done.pool.sqrt_price_x96 in draw.ENDS

    def __str__(self):
        return (
            f"{self.pools} pools, {self.swaps} swaps, {self.refused} of them refused by both,"
            f" {self.ticks} ticks and {self.words} bitmap words crossed, {self.drained} drained;"
            f" {len(self.differences)} differences"
        )


def fight(family, rng, *, pools=POOLS, blocks_per_pool=BLOCKS_PER_POOL):
    """Swap at random in random pools, and return what came of it."""
    tally = Tally()
    for _ in range(pools):
        entry = family.create()
        ranges = _mint(family, rng, entry)
        pool = pool_on_chain(family, entry)
        concentrated.check(pool)
        tally.pools += 1
        for _ in range(blocks_per_pool):
            pool = _block(family, rng, entry, pool=pool, tally=tally)
            pool = _change_position(family, rng, entry, pool=pool, ranges=ranges)
            pool = family.change_terms(entry, pool)
        if pool != pool_on_chain(family, entry):
            tally.differences.append((entry, "the state after all swaps"))
    return tally


def pool_on_chain(family, entry):
    """Return the pool as its contract has it, read whole."""
    full = family.ground.client.full_state(entry)
    ticks = tuple(PoolTick(t.index, t.liquidity_net, t.liquidity_gross) for t in full.ticks)
    state = full.state
    return concentrated.Pool(
        fee_pips=full.fee_pips,
        tick_spacing=entry.tick_spacing,
        sqrt_price_x96=state.sqrt_price_x96,
        tick=state.tick,
        liquidity=state.liquidity,
        ticks=ticks,
        protocol_fees_pips=full.protocol_fees_pips,
    )


def _mint(family, rng, entry):
    tick = family.ground.client.pool_state(entry).tick
    drawn = draw.ranges(
        rng, tick=tick, tick_spacing=entry.tick_spacing, liquidity_max=family.liquidity_max
    )
    receipts = family.ground.run([_position(family, entry, *each) for each in drawn])
    return [each for each, done in zip(drawn, receipts, strict=True) if succeeded(done)]


def _position(family, entry, lower, upper, delta):
    errand = family.ground.client.other.change_position(
        entry, lower=lower, upper=upper, liquidity_delta=delta
    )
    return _with_ether(entry, errand) if delta > 0 else errand


def _with_ether(entry, errand):
    return replace(errand, value_wei=_NATIVE_SENT_WEI) if entry.token0 == NATIVE else errand


def _change_position(family, rng, entry, *, pool, ranges):
    if not ranges or rng.random() < 0.5:
        return pool
    lower, upper, liquidity = rng.choice(ranges)
    is_burn = rng.random() < 0.5
    delta = (
        -rng.randint(1, liquidity) if is_burn else draw.log_uniform(rng, 1, family.liquidity_max)
    )
    (receipt,) = family.ground.run([_position(family, entry, lower, upper, delta)])
    if not succeeded(receipt):
        return pool
    ranges.remove((lower, upper, liquidity))
    if liquidity + delta:
        ranges.append((lower, upper, liquidity + delta))
    return concentrated.modify_liquidity(pool, lower=lower, upper=upper, delta=delta)


def _block(family, rng, entry, *, pool, tally):
    trials = []
    for _ in range(SWAPS_PER_BLOCK):
        request = draw.swap(rng, pool)
        trials.append((pool, request, _ours(pool, request)))
        pool = getattr(trials[-1][2], "pool", pool)
    other = family.ground.client.other
    errands = [_with_ether(entry, other.swap(entry, **request)) for _, request, _ in trials]
    for trial, receipt in zip(trials, family.ground.run(errands), strict=True):
        before, request, done = trial
        tally.count(before, done)
        found = _difference(family, trial, receipt)
        if found is not None:
            tally.differences.append((entry, request, found))
    return pool


def _ours(pool, request):
    try:
        return concentrated.swap(pool, **request)
    except LiquidityError as error:
        return error


def _difference(family, trial, receipt):
    """Say how an outcome of ours differs from the chain's, or return None."""
    before, request, done = trial
    if isinstance(done, LiquidityError):
        return f"the chain made it, we said: {done}" if succeeded(receipt) else None
    if not succeeded(receipt):
        return f"the chain refused it after {int(receipt['gasUsed'], 16)} gas"
    told, fee_pips = family.told(receipt)
    after = done.pool
    ours = (done.amount0, done.amount1, after.sqrt_price_x96, after.liquidity, after.tick)
    if told != ours:
        return f"the chain says {told}, we said {ours}"
    if fee_pips not in (None, before.swap_fee_pips(zero_for_one=request["zero_for_one"])):
        return f"the chain charged {fee_pips} pips"
    return _replay_difference(before, told, after=after, fee_pips=fee_pips)


def _replay_difference(before, told, *, after, fee_pips):
    fields = dict(zip(_TOLD, told, strict=True))
    try:
        replayed = replay(before, **fields, fee_pips=fee_pips)
    except InconsistentPoolError as error:
        return f"the event cannot be replayed: {error}"
    return None if replayed == after else f"the event replayed gives {replayed}"
