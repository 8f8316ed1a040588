"""Baskets at a desk: taken in all or none, told while they are worked, reported when they end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from router.domain.error import OrderError
from router.domain.event import BasketSolved, Event
from router.domain.units import BasketId, ParentId
from router.execution.contingency import contingency
from router.execution.leg_risk import UNWINDING
from router.gateway.basket_request import BasketOrder, basket_id, parse_basket
from router.gateway.order_request import OrderContext
from router.shell.runtime import Runtime
from router.state.world import World
from router.tca.concern import parent_of
from router.tca.report import ParentReport, report
from router.tca.story import tell

Tell: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BasketReport:
    """What became of a basket.

    Attributes
    ----------
    orders : tuple of ParentReport
        In the order in which they were given.
    unwound : tuple of ParentReport
        The orders that took back what one side had traded too much.
    """

    basket: BasketId
    orders: tuple[ParentReport, ...]
    unwound: tuple[ParentReport, ...]


@dataclass(frozen=True, slots=True)
class Baskets:
    """Takes baskets for a running engine."""

    runtime: Runtime
    context: OrderContext

    async def work(self, request: Mapping[str, str], tell_line: Tell) -> BasketReport:
        """Take a basket, tell its story line by line, and return the report once it is done.

        The same request again follows the same basket.

        Raises
        ------
        OrderError
            If the request names something that cannot be; nothing was sent.
        """
        given = parse_basket(request, self.context)
        own = {order.id for order in given.orders}

        def watcher(event: Event, world: World) -> None:
            if isinstance(event, BasketSolved) and event.basket == given.basket.id:
                plans, most = event.plan.plans, given.basket.exposure_max
                for sentence in contingency(plans, exposure_max=most).lines():
                    tell_line(sentence)
            concerned = parent_of(event, world)
            if concerned is None or concerned in own or _is_unwinding(concerned, given):
                line = tell(event, world)
                if line is not None:
                    tell_line(line)

        self.runtime.watch(watcher)
        try:
            self.runtime.submit_basket(given.basket, given.orders)
            for order in given.orders:
                await self.runtime.finished(order.id)
            unwound = tuple(n for n in self.runtime.world.parents if _is_unwinding(n, given))
            for name in unwound:
                await self.runtime.finished(name)
        finally:
            self.runtime.unwatch(watcher)
        world = self.runtime.world
        return BasketReport(
            given.basket.id,
            tuple(report(world, world.parents[order.id]) for order in given.orders),
            tuple(report(world, world.parents[name]) for name in unwound),
        )

    def members(self, name: str) -> tuple[ParentId, ...]:
        """Return the orders of a basket that is not over, by the client's name of it.

        Raises
        ------
        OrderError
            If there is none of this name.
        """
        basket = self.runtime.world.baskets.get(basket_id(self.context.journal_id, name))
        if basket is None:
            raise OrderError(f"order: no basket {name!r} is at work")
        return basket.orders


def _is_unwinding(name: ParentId, given: BasketOrder) -> bool:
    return name.startswith(f"{UNWINDING}-{given.basket.id}-")
