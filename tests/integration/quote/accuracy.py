"""Random orders: what their quotes said, beside what came of them; nothing of ours is believed.

What was realised is reckoned here: cash and fees of all fills and the gas of mined transactions,
against the arrival mid of the quote and not of the order. Funding is left out of the prediction: it
falls due while a position is held.
"""

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from statistics import median

import aiohttp

from router.compose.assembly import assemble
from router.compose.desk import open_desk
from router.compose.dry_run.desk_quotes import desk_now
from router.compose.dry_run.quoting import quoting
from router.domain.units import NS_PER_S, Amount, DurationNs
from router.shell.clock import SystemClock
from router.shell.solver_pool import SolverPool

PAIRS = (("ETH", "USDC"), ("ETH", "USDC"), ("BTC", "USDC"), ("BTC", "ETH"), ("ETH", "USDT"))
DECIMALS = {"ETH": 18, "BTC": 8, "USDC": 6, "USDT": 6}
OUNCE = {"ETH": Decimal(1), "BTC": Decimal("0.05")}  # about the same worth
ORDER_S = 60.0
PLAN_WAIT = DurationNs(30 * NS_PER_S)
ALLOWED = (("ETH", 10**23), ("USDC", 10**15), ("USDT", 10**15), ("BTC", 10**13))
BY_MONEY = {
    "order_notional_max",
    "open_notional_max",
    "position_notional_max",
    "daily_notional_max",
    "daily_loss_max",
}
BY_COUNT = {"children_per_min_max", "messages_per_s_max", "messages_burst_max"}
MUCH = '{ USDC = "2000000000", ETH = "700000", USDT = "2000000000" }'


@dataclass(frozen=True)
class Outcome:
    """One order; in basis points of the quote's arrival mid."""

    request: dict
    predicted: float
    low: float
    high: float
    realised: float
    elapsed_s: float
    drift: float | None

    @property
    def error(self):
        return self.realised - self.predicted

    @property
    def is_inside(self):
        return self.low <= self.realised <= self.high


@dataclass
class Book:
    """All outcomes, and what was not tried."""

    outcomes: list[Outcome] = field(default_factory=list)
    not_feasible: int = 0
    not_filled: list[str] = field(default_factory=list)

    def summary(self):
        errors = [abs(o.error) for o in self.outcomes]
        inside = sum(o.is_inside for o in self.outcomes)
        widths = [o.high - o.low for o in self.outcomes]
        drifts = [o.drift for o in self.outcomes if o.drift is not None]
        inside_drift = sum(
            abs(o.error) <= 1.96 * o.drift for o in self.outcomes if o.drift is not None
        )
        told = (
            f"{len(errors)} orders filled ({self.not_feasible} infeasible,"
            f" {len(self.not_filled)} not filled): absolute error median {median(errors):.4f} bps,"
            f" p90 {sorted(errors)[ceil(0.9 * len(errors)) - 1]:.4f}, max {max(errors):.4f};"
            f" inside the band {inside}/{len(errors)} = {100 * inside / len(errors):.1f} %,"
            f" band {median(widths):.2f} bps wide (median),"
            f" elapsed {median(o.elapsed_s for o in self.outcomes):.2f} s (median),"
            f" {max(o.elapsed_s for o in self.outcomes):.2f} (most)"
        )
        if drifts:
            told += (
                f"; within 1.96 drifts {inside_drift}/{len(drifts)} ="
                f" {100 * inside_drift / len(drifts):.1f} %,"
                f" drift {median(drifts):.2f} bps (median)"
            )
        return told


@dataclass
class Bench:
    """A desk with a quoter of its own, and a source of random orders."""

    desk: object
    quoter: object
    venue_url: str
    random: random.Random
    book: Book = field(default_factory=Book)
    sent: int = 0

    def request(self, *, least, most):
        base, quote = self.random.choice(PAIRS)
        size = Decimal(str(round(least * (most / least) ** self.random.random(), 4)))
        return {
            "side": self.random.choice(("buy", "sell")),
            "quantity": str((size * OUNCE[base]).quantize(Decimal("0.00000001"))),
            "base": base,
            "quote": quote,
        }

    async def one(self, request, *, wait_s=0.0, **wishes):
        """Quote an order, let some time pass, send it, and note what came of it."""
        shown = await self.quoter.quoted({**request, **wishes}, compare=False)
        if not shown["feasible"]:
            self.book.not_feasible += 1
            return None
        await asyncio.sleep(wait_s)
        self.sent += 1
        name = {"client_order_id": f"accuracy-{self.sent}", "allow_similar": "true"}
        async with asyncio.timeout(ORDER_S):
            report = await self.desk.work({**request, **name}, lambda _line: None)
        if report.status.value != "filled":
            self.book.not_filled.append(f"{request}: {report.status.value}: {report.reason}")
            return None
        made = _outcome(request, shown, report, self.desk.runtime.world)
        self.book.outcomes.append(made)
        await self.refresh()
        return made

    async def refresh(self):
        body = {"command": "refresh_liquidity", "coin": "ETH"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.venue_url}/sandbox", json=body) as answer,
        ):
            assert answer.ok, await answer.text()


def _outcome(request, shown, report, world):
    slippage, band = shown["slippage"], shown["slippage"]["band"]
    base, quote = request["base"], request["quote"]
    traded = Decimal(report.filled_quantity.atoms) / 10 ** DECIMALS[base]
    cash = Decimal(report.filled_notional.atoms) / 10 ** DECIMALS[quote]
    beside = Decimal(report.fees.atoms + report.gas_quote_atoms) / 10 ** DECIMALS[quote]
    # The mid is told to six figures, which is not enough to compare hundredths of a point with.
    block_mid = shown["plan"]["arrival"]
    mid = Decimal(block_mid["quote_atoms"]) / Decimal(block_mid["base_atoms"])
    mid *= Decimal(10) ** (DECIMALS[base] - DECIMALS[quote])
    worth = traded * mid
    worse = cash - worth if request["side"] == "buy" else worth - cash
    funding = slippage["causes"]["funding_bps"]
    ended = world.parents[report.parent].ended_at
    return Outcome(
        request=request,
        predicted=slippage["execution_bps"],
        low=band["low_bps"] - funding,
        high=band["high_bps"] - funding,
        realised=float((worse + beside) / worth * 10_000),
        elapsed_s=(ended - int(shown["state"]["at"])) / 1e9,
        drift=band["drift_bps"],
    )


@asynccontextmanager
async def bench(floor, folder, *, seed):
    """Open a desk on both counterparties, and a quoter beside it as the daemon has one."""
    config = floor.furnished(folder)
    config.write_text(_wide(config.read_text()))
    assembly = assemble(config, floor.running.environment, SystemClock())
    for setup in assembly.setups:
        if setup.approve is not None:
            for asset, atoms in (
                ("ETH", 10**23),
                ("USDC", 10**15),
                ("USDT", 10**15),
                ("BTC", 10**13),
            ):
                await setup.approve(Amount(asset, atoms))
    async with _cold() as solver, open_desk(assembly, solver=solver) as desk:
        runtime = desk.runtime
        async with quoting(
            assembly,
            runtime.reader,
            desk=lambda: desk_now(runtime),
            warm=False,
        ) as quoter:
            made = Bench(desk, quoter, floor.running.venue["url"], random.Random(seed))
            # Streams, solvers and accounts are there once something small has traded.
            first = {"side": "buy", "quantity": "1", "base": "ETH", "quote": "USDC"}
            await made.quoter.quoted(first)
            await made.desk.work({**first, "client_order_id": "first"}, lambda _line: None)
            yield made


# One that is not compiled for a whole day: it is for a few orders.
@asynccontextmanager
async def _cold():
    solver = SolverPool(PLAN_WAIT, warm=False)
    try:
        yield solver
    finally:
        solver.close()


# Limits of a day of hundreds of orders, in every asset they are quoted in.
def _wide(text):
    return "\n".join(map(_wide_line, text.splitlines())) + "\n"


def _wide_line(line):
    name = line.partition(" = ")[0]
    if name in BY_MONEY:
        return f"{name} = {MUCH}"
    return f"{name} = 100000" if name in BY_COUNT else line
