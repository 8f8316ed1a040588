"""Orders of gateways: taken in, cancelled, amended, looked at. All of it by name, and durable."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final, TypeAlias

import orjson

from router.compose.dry_run import quotes
from router.compose.link.fields import (
    count,
    flag,
    invalid,
    refused,
    some,
    strings,
    text,
    text_or,
    texts,
)
from router.compose.link.linked import Answer, Linked
from router.domain.error import OrderError
from router.domain.order import ParentOrder
from router.domain.units import ParentId
from router.gateway.alter_request import Wanted, parse_amend, parse_cancel
from router.gateway.link import Code, Fields, LinkError
from router.gateway.linked_data import child_data, linked_data
from router.gateway.names import Role, find
from router.gateway.order_request import parent_id
from router.gateway.quote_request import QUOTE_ID
from router.gateway.report_data import report_data
from router.gateway.reports import standing
from router.journal import codec
from router.shell.same_order import is_same_order
from router.state.world import ParentState, World
from router.tca.report import report as report_of

Told: TypeAlias = Callable[[ParentState], dict[str, object]]

_PAGE_MAX: Final = 500
_SCANNED_MAX: Final = 5_000  # orders looked at for one page
_SLIPPAGE: Final = "slippage_max_bps"


async def _submit(link: Linked, fields: Fields) -> bytes:
    asked = strings(fields, "order")
    order = _parsed(link, asked)
    known = link.world.parents.get(order.id)
    if known is None:
        if link.world.request(order.client, order.client_order_id) is not None:
            raise duplicate("client_order_id", order.client_order_id, "a request")
        await link.room(1)
        known = link.world.parents.get(order.id)  # the same may have come while this one waited
    is_new = known is None
    if known is None:
        quotes.claim(link.desk.assembly, order)
        known = link.runtime.submit(order)
    elif fields.get("on_known") == "refuse":
        raise duplicate("client_order_id", order.client_order_id, "an order")
    elif not is_same_order(known.first_order or known.order, order):
        raise duplicate("client_order_id", order.client_order_id, "another order")
    await link.durable()
    return orjson.dumps({"is_new": is_new, **order_json(link, link.world.parents[order.id])})


# What is asked for again is what it was: the file of its quote may have made room for others, and
# the limits that fill in what it does not say may have been read anew.
def _parsed(link: Linked, asked: Mapping[str, str]) -> ParentOrder:
    known = _known(link, asked)
    try:
        order = quotes.parsed(link.desk.assembly, asked, link.context)
    except OrderError as error:
        shown = None if known is None else known.as_quoted
        if known is None or shown is None or shown.id != asked.get(QUOTE_ID):
            raise
        if refused(error).field != QUOTE_ID:
            raise
        return known
    if known is None or _SLIPPAGE in asked or QUOTE_ID in asked:
        return order
    return replace(order, slippage_max_pips=known.slippage_max_pips)


def _known(link: Linked, asked: Mapping[str, str]) -> ParentOrder | None:
    name, client = asked.get("client_order_id", ""), asked.get("client", "")
    parent = link.world.parents.get(parent_id(link.desk.journal_id, name, client=client))
    if parent is None:
        return None
    order = parent.first_order or parent.order
    return order if order.account == asked.get("account", "") else None


async def _cancel(link: Linked, fields: Fields) -> bytes:
    parent = link.named(fields)
    wanted = parse_cancel({**_asked(fields), "order": parent.order.id})
    require_free(link, parent, wanted)
    answer = await link.desk.alterations.cancel(wanted)
    return orjson.dumps({**answer, **order_json(link, link.world.parents[parent.order.id])})


async def _amend(link: Linked, fields: Fields) -> bytes:
    parent = link.named(fields)
    terms = strings(fields, "terms")
    wanted = parse_amend({**terms, **_asked(fields), "order": parent.order.id})
    require_free(link, parent, wanted)
    answer = await link.desk.alterations.amend(wanted)
    return orjson.dumps({**answer, **order_json(link, link.world.parents[parent.order.id])})


async def _order(link: Linked, fields: Fields) -> bytes:
    return orjson.dumps(order_json(link, link.named(fields)))


async def _find(link: Linked, fields: Fields) -> bytes:
    client, name = text_or(fields, "client"), text(fields, "name")
    found = find(link.world, link.desk.journal_id, client=client, name=name)
    if found is None:
        return orjson.dumps({"order": None, "role": None, "outcome": None})
    parent = link.world.parents[found.parent]
    told = {"order": order_json(link, parent), "role": found.role, "outcome": found.outcome}
    return orjson.dumps(told)


async def _orders(link: Linked, fields: Fields) -> bytes:
    return page_of(link.world, fields, lambda parent: order_json(link, parent))


async def _last_report(link: Linked, fields: Fields) -> bytes:
    parent = link.named(fields)
    told = standing(link.world, parent, at=link.now)
    if not flag(fields, "at_once"):
        sequence, index = await link.newest_report()
        world = link.runtime.durable_world  # more may have been told while this one waited
        told = standing(world, world.parents[parent.order.id], at=link.now)
        told = replace(told, sequence=sequence, index=index)
    return orjson.dumps(report_data(told, link.desk.assembly.config.assets))


async def _report(link: Linked, fields: Fields) -> bytes:
    parent, world = link.named(fields), link.world
    found = orjson.loads(codec.encode(report_of(world, parent)))["ParentReport"]
    children = [
        child_data(child, link.desk.assembly.config.assets)
        for child in world.children_of(parent.order.id)
    ]
    order = order_json(link, parent)
    return orjson.dumps({"order": order, "report": found, "children": children})


def order_json(link: Linked, parent: ParentState) -> dict[str, object]:
    """Return where an order stands, as gateways are told."""
    return linked_data(link.world, parent, link.desk.assembly.config.assets)


def chosen(fields: Fields) -> Callable[[ParentState], bool]:
    """Return what tells the orders that are meant: whose, of which accounts and market.

    Raises
    ------
    LinkError
        If a field is not what it must be.
    """
    wanted = some(fields, "client", "base", "quote", "side")
    accounts, placed_by = texts(fields, "accounts"), text_or(fields, "placed_by")

    def is_wanted(parent: ParentState) -> bool:
        order = parent.order
        has = {"client": order.client, "base": order.base, "quote": order.quote}
        has |= {"side": order.side.value}
        if placed_by and order.by != placed_by and not order.by.startswith(f"{placed_by}."):
            return False
        if any(has[name] != value for name, value in wanted.items()):
            return False
        return accounts is None or order.account in accounts

    return is_wanted


def page_of(world: World, fields: Fields, told: Told) -> bytes:
    """Return a page of the orders that are meant, and after which to look for the next.

    Whoever looks for few among many that have ended is given what was found so far.

    Raises
    ------
    LinkError
        If a field is not what it must be.
    """
    limit = count(fields, "limit", _PAGE_MAX, most=_PAGE_MAX, least=1)
    is_wanted, rows = chosen(fields), _rows(world, fields)
    page: list[ParentState] = []
    last: ParentState | None = None
    for parent in islice(rows, _SCANNED_MAX):
        last = parent
        if is_wanted(parent):
            page.append(parent)
        if len(page) == limit:
            break
    following = None if last is None or next(rows, None) is None else last.order.id
    return orjson.dumps({"orders": [told(each) for each in page], "next": following})


def _rows(world: World, fields: Fields) -> Iterator[ParentState]:
    after = ParentId(text_or(fields, "after"))
    if after and after not in world.parents:
        raise invalid("after", "is no order here; begin without it")
    if flag(fields, "ended"):
        return world.parents.rows_after(after) if after else world.parents.rows()
    place = world.parents.place(after) if after else -1
    going = world.going.rows()
    return (each for each in going if world.parents.place(each.order.id) > place)


def duplicate(field: str, name: str, what: str) -> LinkError:
    """Return the refusal of a name that stands for something else."""
    message = f"{field}: {name!r} stands for {what} already; choose a new one"
    return LinkError(message, code=Code.DUPLICATE, field=field)


def require_free(link: Linked, parent: ParentState, wanted: Wanted) -> None:
    """Refuse a name of a request that its client has given to something else.

    Raises
    ------
    LinkError
        If an order, or a request of another order, has the name.
    """
    if wanted.request in parent.requests:
        return
    client = parent.order.client
    found = find(link.world, link.desk.journal_id, client=client, name=wanted.request)
    if found is not None and (found.role is Role.ORDER or found.parent != parent.order.id):
        raise duplicate("request", wanted.request, "something else")


def _asked(fields: Fields) -> Mapping[str, str]:
    return some(fields, "request", "by", "wait_s")


ANSWERS: Final[Mapping[str, Answer]] = {
    "submit": _submit,
    "cancel": _cancel,
    "amend": _amend,
    "find": _find,
    "order": _order,
    "orders": _orders,
    "last_report": _last_report,
    "report": _report,
}
