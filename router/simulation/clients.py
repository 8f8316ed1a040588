"""What clients and operators do in one run, drawn from the seed: orders, cancels, switches, limits.

A client that has no durable answer asks again, in the same words. Refuses to know the engine: all
of it goes in by the ways that are open to any client.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from random import Random
from typing import Final, TypeAlias

from router.domain.algo import Algo, Iceberg, LimitUntil, Pov, Shortfall, Sweep, Twap
from router.domain.amend import Amendment
from router.domain.event import AmendRequested, CancelRequested, LimitsChanged
from router.domain.order import ParentOrder, Persistence
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import (
    NS_PER_S,
    PIPS_PER_UNIT,
    Amount,
    DurationNs,
    ParentId,
    Pico,
    Pips,
    Side,
    TimestampNs,
)
from router.shell.runtime import Runtime
from router.shell.switchboard import Switchboard
from router.simulation.town import CHAIN, ETH, LIMITS, LOT, USDC
from router.simulation.virtual_time import BEGINS_AT
from router.state.world import World

FAULTS_END_S: Final = 40.0
_ORDERS_MAX: Final = 4
_BY: Final = "simulated client"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a client reaches of a running process.

    Attributes
    ----------
    spawn : function
        Lets something that takes its time go on beside.
    """

    runtime: Runtime
    switchboard: Switchboard
    now: TimestampNs
    spawn: Callable[[Coroutine[None, None, SwitchSetting]], None]


Do: TypeAlias = Callable[[Desk], None]
Known: TypeAlias = Callable[[World], bool]


@dataclass(frozen=True, slots=True)
class Wish:
    """Something a client wants from a moment on.

    Attributes
    ----------
    at_s : float
        After the beginning.
    is_known : function
        Whether a world shows that it was taken in.
    do : function
        Asks for it.
    """

    at_s: float
    is_known: Known
    do: Do


@dataclass(frozen=True, slots=True)
class Script:
    """All that is wanted in one run."""

    orders: tuple[ParentOrder, ...]
    wishes: tuple[Wish, ...]


def drawn(rng: Random) -> Script:
    """Return what is wanted in a run."""
    within_s = rng.choice((2.0, 15.0))
    count = rng.randint(1, _ORDERS_MAX)
    orders = tuple(_order(rng, place, within_s=within_s) for place in range(count))
    wishes = [_submission(order) for order in orders]
    for order in orders:
        begins_s = (order.submitted_at - BEGINS_AT) / NS_PER_S
        if rng.random() < 0.25:  # noqa: PLR2004 - one order in four
            wishes.append(_cancel(order, begins_s + rng.uniform(0.0, 25.0)))
        if rng.random() < 0.25:  # noqa: PLR2004 - one order in four
            wishes.append(_amendment(order, begins_s + rng.uniform(0.0, 25.0), rng))
    if rng.random() < 0.2:  # noqa: PLR2004 - one run in five
        wishes.extend(_halt(rng))
    if rng.random() < 0.1:  # noqa: PLR2004 - one run in ten
        wishes.append(_limits(rng))
    return Script(orders, tuple(sorted(wishes, key=_moment)))


def _order(rng: Random, place: int, *, within_s: float) -> ParentOrder:
    at = TimestampNs(BEGINS_AT + round(rng.uniform(0.3, within_s) * NS_PER_S))
    lots = rng.choice((rng.randint(200, 80_000), rng.randint(200, 8_000)))
    quantity = Amount(ETH.id, lots * LOT)
    if rng.random() < 0.03:  # noqa: PLR2004 - one in thirty is above the limit
        quantity = Amount(ETH.id, 500_000 * LOT)
    lasts = rng.uniform(15.0, 80.0)
    algo = _algo(rng, at, lasts)
    persistence = _persistence(rng, algo)
    is_whole = persistence is Persistence.WHOLE and rng.random() < 0.8  # noqa: PLR2004 - most of them
    return ParentOrder(
        id=ParentId(f"p{place}"),
        client_order_id=f"client-{place}",
        side=rng.choice((Side.BUY, Side.SELL)),
        base=ETH.id,
        quote=USDC.id,
        quantity=quantity,
        limit_price=None,
        slippage_max_pips=Pips(rng.choice((5_000, 20_000))),
        holding_horizon_s=3_600,
        venues=(CHAIN,) if is_whole else (),
        deadline_at=TimestampNs(at + round(lasts * NS_PER_S)),
        submitted_at=at,
        algo=algo,
        persistence=persistence,
    )


def _persistence(rng: Random, algo: Algo) -> Persistence:
    if not isinstance(algo, Sweep):
        return Persistence.DEADLINE
    once = (Persistence.IMMEDIATE, Persistence.WHOLE)
    return rng.choice((Persistence.DEADLINE, Persistence.DEADLINE, Persistence.DEADLINE, *once))


def _algo(rng: Random, at: TimestampNs, lasts_s: float) -> Algo:
    end_at = TimestampNs(at + round(lasts_s * 0.8 * NS_PER_S))
    interval = DurationNs((end_at - at) // rng.randint(2, 4))
    whole = Pips(PIPS_PER_UNIT)
    match rng.choice(("sweep", "sweep", "sweep", "twap", "limit", "iceberg", "pov", "shortfall")):
        case "twap":
            return Twap(at, end_at, interval, whole)
        case "limit":
            return LimitUntil(interval)
        case "iceberg":
            return Iceberg(
                display_pips=Pips(rng.choice((250_000, 1_000_000))),
                offset_ticks=rng.choice((0, 10)),
                reprice_ticks=rng.choice((5, 30)),
                interval=DurationNs(interval // 3),
                reprices_max=rng.randint(1, 4),
                cross_at=end_at,
            )
        case "pov":
            share, band = Pips(rng.choice((100_000, 300_000))), Pips(50_000)
            return Pov(at, end_at, interval, share, band, Pips(PIPS_PER_UNIT // 2))
        case "shortfall":
            half_life = DurationNs(10 * NS_PER_S)
            return Shortfall(at, end_at, interval, Pico(10**6), Pips(30_000), half_life, whole)
        case _:
            return Sweep()


def _submission(order: ParentOrder) -> Wish:
    def do(desk: Desk) -> None:
        desk.runtime.submit(order)

    return Wish(
        (order.submitted_at - BEGINS_AT) / NS_PER_S, lambda world: order.id in world.parents, do
    )


def _cancel(order: ParentOrder, at_s: float) -> Wish:
    request = f"cancel-{order.id}"

    def do(desk: Desk) -> None:
        if order.id in desk.runtime.world.parents:
            desk.runtime.post(CancelRequested(order.id, request, _BY, desk.now))

    return Wish(at_s, lambda world: _is_asked(world, order, request), do)


def _amendment(order: ParentOrder, at_s: float, rng: Random) -> Wish:
    request = f"amend-{order.id}"
    lots = order.quantity.atoms // LOT
    wanted = Amount(ETH.id, rng.choice((lots // 3 + 1, lots + lots // 4 + 1)) * LOT)

    def do(desk: Desk) -> None:
        if order.id in desk.runtime.world.parents:
            amendment = Amendment(quantity=wanted)
            desk.runtime.post(AmendRequested(order.id, request, amendment, _BY, desk.now))

    return Wish(at_s, lambda world: _is_asked(world, order, request), do)


# Asked once: a request that comes a second time is the same one.
def _is_asked(world: World, order: ParentOrder, request: str) -> bool:
    parent = world.parents.get(order.id)
    return parent is not None and (request in parent.requests or parent.ended_at is not None)


def _halt(rng: Random) -> tuple[Wish, Wish]:
    at_s = rng.uniform(1.0, 25.0)
    again_s = at_s + rng.uniform(1.0, 12.0)

    def halt(desk: Desk) -> None:
        desk.switchboard.halt(by=_BY, reason="drawn")

    def free(desk: Desk) -> None:
        setting = SwitchSetting(FIRM, TradingState.ACTIVE, _BY, "drawn", desk.now)
        desk.spawn(desk.switchboard.set(setting))

    return (
        Wish(at_s, lambda world: FIRM in world.switches, halt),
        Wish(again_s, _is_free, free),
    )


def _is_free(world: World) -> bool:
    found = world.switches.get(FIRM)
    return found is not None and found.state is TradingState.ACTIVE


def _limits(rng: Random) -> Wish:
    limits = replace(LIMITS, plan_rounds_max=rng.randint(1, 2))

    def do(desk: Desk) -> None:
        desk.runtime.post(LimitsChanged(limits, _BY, desk.now))

    return Wish(
        rng.uniform(1.0, 30.0),
        lambda world: world.started is not None and world.limits == limits,
        do,
    )


def _moment(wish: Wish) -> float:
    return wish.at_s
