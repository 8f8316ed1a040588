"""Somebody who moves every market about a reference that walks at random, all from one seed.

At each step the reference of each coin takes a normal step; some pools, drawn at random, are traded
to where the reference has them, a little beside it; and the perp's book goes along at once.
"""

import asyncio
import math
import random
from dataclasses import dataclass, field

import aiohttp

from venues.sandbox.chain.client import ChainClient

STEP_S = 0.4
POOLS_A_STEP = 5
NOISE_BPS = 0.3
HUGE = 10**30
VOLATILE = {"WETH": "ETH", "WBTC": "BTC"}
BPS = 10_000
FACTOR_MAX = 0.004  # the reference turns back here: what is off by much is distrusted


@dataclass
class Mover:
    """Trades until its task is cancelled."""

    client: ChainClient
    venue_url: str
    seed: int
    step_bps: float
    steps: int = 0
    references: dict[str, float] = field(default_factory=lambda: {"ETH": 0.0, "BTC": 0.0})

    def __post_init__(self):
        manifest = self.client.manifest
        symbols = {t.address: t.symbol for t in manifest.tokens} | {"0x" + "00" * 20: "WETH"}
        self._random = random.Random(self.seed)
        self._pools = [
            (pool, symbols[pool.token0], symbols[pool.token1])
            for pool in manifest.pools
            if pool.family in {"uniswap_v3", "uniswap_v4"} and not int(pool.hooks or "0", 16)
        ]
        self._base = {_name(pool): self._sqrt(pool) for pool, _, _ in self._pools}
        self._book = 0.0

    @property
    def sigma_bps_hour(self):
        """What the reference moves in an hour, one standard deviation."""
        return self.step_bps * math.sqrt(3_600 / STEP_S)

    async def run(self):
        async with aiohttp.ClientSession() as session:
            while True:
                await self.step(session)
                await asyncio.sleep(STEP_S)

    async def step(self, session):
        self.steps += 1
        for coin, at in self.references.items():
            moved = at + self._random.gauss(0.0, self.step_bps / BPS)
            self.references[coin] = max(-FACTOR_MAX, min(FACTOR_MAX, moved))
        chosen = self._random.sample(self._pools, min(POOLS_A_STEP, len(self._pools)))
        await asyncio.to_thread(self._trade, chosen)
        await self._shift_book(session)

    def _trade(self, chosen):
        for pool, first, second in chosen:
            noise = self._random.gauss(0.0, NOISE_BPS / BPS)
            log = self._reference(first) - self._reference(second) + noise
            target = int(self._base[_name(pool)] * math.exp(0.5 * log))
            now = self._sqrt(pool)
            if abs(target / now - 1.0) * 2 * BPS < NOISE_BPS:
                continue
            errand = self.client.other.swap(
                pool,
                zero_for_one=target < now,
                amount_specified=HUGE if pool.family == "uniswap_v3" else 10**20,
                sqrt_price_limit_x96=target,
            )
            self.client.submit_as_other(errand)

    def _reference(self, symbol):
        return self.references.get(VOLATILE.get(symbol, ""), 0.0)

    def _sqrt(self, pool):
        return self.client.pool_state(pool).sqrt_price_x96

    async def _shift_book(self, session):
        bps = round((self.references["ETH"] - self._book) * BPS)
        if bps == 0:
            return
        self._book += bps / BPS
        body = {"command": "shift_mid", "coin": "ETH", "bps": bps}
        async with session.post(f"{self.venue_url}/sandbox", json=body) as answer:
            assert answer.ok, await answer.text()


def _name(pool):
    return pool.pool_id or pool.address
