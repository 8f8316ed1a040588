"""Several orders at once: a basket taken in or cancelled, and all orders of a kind cancelled."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import orjson

from router.compose.link.fields import some, strings, text, text_or, texts
from router.compose.link.linked import Answer, Linked
from router.compose.link.orders import chosen, duplicate, order_json
from router.domain.event import CancelRequested
from router.domain.order import ParentOrder
from router.domain.units import BasketId, ParentId
from router.engine.altering import is_other, refusal
from router.gateway.alter_request import parse_cancel
from router.gateway.basket_request import ORDERS_MAX, BasketOrder, basket_id, parse_basket
from router.gateway.link import Code, Fields, LinkError
from router.gateway.names import Outcome, outcome
from router.gateway.order_request import parent_id
from router.shell.same_order import is_of_basket
from router.state.world import World

_AT_ONCE: Final = 500  # cancels posted between two looks at what else is to do


async def _basket(link: Linked, fields: Fields) -> bytes:
    whose = some(fields, "client", "account", "by")
    given = parse_basket(strings(fields, "basket"), link.context, whose=whose)
    orders = tuple(_as_known(link.world, given, order) for order in given.orders)
    known = [link.world.parents.get(order.id) for order in orders]
    is_new = not any(known)
    if is_new:
        for order in orders:
            if link.world.request(order.client, order.client_order_id) is not None:
                raise duplicate("client_order_id", order.client_order_id, "a request")
        await link.room(len(orders))
    elif not all(map(is_of_basket, known, orders)):
        raise duplicate("client_order_id", given.orders[0].client_order_id, "something else")
    link.runtime.submit_basket(given.basket, orders)
    await link.durable()
    told = [order_json(link, link.world.parents[order.id]) for order in orders]
    return orjson.dumps({"is_new": is_new, "basket": given.basket.id, "orders": told})


# What is asked for again is what it was: the limits that filled in what it does not say may have
# been read anew.
def _as_known(world: World, given: BasketOrder, order: ParentOrder) -> ParentOrder:
    known = world.parents.get(order.id)
    if known is None or order.id not in given.tolerant:
        return order
    first = known.first_order or known.order
    return replace(order, slippage_max_pips=first.slippage_max_pips)


async def _cancel_basket(link: Linked, fields: Fields) -> bytes:
    return await _cancelled(link, fields, orders_of(link.world, link.desk.journal_id, fields))


def orders_of(world: World, journal_id: str, fields: Fields) -> list[ParentId]:
    """Return the orders of the basket that is meant, also of one that has ended.

    Its orders have to be, all of them, in the accounts of who asks: they may have others, and names
    of their own.

    Raises
    ------
    LinkError
        If there is none.
    """
    name, client = text(fields, "basket"), text_or(fields, "client")
    accounts = texts(fields, "accounts")
    basket = basket_id(journal_id, name, client=client)
    at_work = world.baskets.get(basket)
    found = list(_named_by(world, journal_id, basket, name=name, client=client))
    found = found if at_work is None else list(at_work.orders)
    is_theirs = accounts is None or all(world.parents[o].order.account in accounts for o in found)
    if not found or not is_theirs:
        raise LinkError(f"basket: {name!r} is not known", code=Code.UNKNOWN, field="basket")
    return found


# Of a basket that has ended only its orders are known, where they are named by it.
def _named_by(
    world: World, journal_id: str, basket: BasketId, *, name: str, client: str
) -> Iterator[ParentId]:
    for place in range(1, ORDERS_MAX + 1):
        order = parent_id(journal_id, f"{name}.{place}", client=client)
        if order not in world.parents or world.parents[order].order.basket != basket:
            return
        yield order


async def _mass_cancel(link: Linked, fields: Fields) -> bytes:
    is_wanted = chosen(fields)
    names = [parent.order.id for parent in link.world.going.rows() if is_wanted(parent)]
    return await _cancelled(link, fields, names)


# All at once: none goes on trading while another is waited for. The same name again does nothing
# twice, and takes in the orders that have come since.
async def _cancelled(link: Linked, fields: Fields, parents: list[ParentId]) -> bytes:
    wanted = parse_cancel({**some(fields, "request", "by"), "order": "every"})
    affected: list[str] = []
    refused: list[dict[str, str]] = []
    for place, parent in enumerate(parents, 1):
        event = CancelRequested(parent, wanted.request, wanted.by, link.now)
        fault = refusal(link.world, event)
        if fault is None:
            link.runtime.post(event)
            affected.append(parent)
        elif _was_taken(link, event):
            affected.append(parent)
        else:
            refused.append({"order": parent, "message": fault})
        if place % _AT_ONCE == 0:
            await link.breathe()
    await link.durable()
    return orjson.dumps({"affected": affected, "refused": refused})


def _was_taken(link: Linked, event: CancelRequested) -> bool:
    parent = link.world.parents[event.parent]
    is_known = event.request in parent.requests and not is_other(parent, event)
    return is_known and outcome(parent, event.request) is not Outcome.REFUSED


ANSWERS: Final[Mapping[str, Answer]] = {
    "basket": _basket,
    "cancel_basket": _cancel_basket,
    "mass_cancel": _mass_cancel,
}
