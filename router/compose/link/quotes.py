"""Plans as gateways see them: what an order would come to, and what was planned for one."""

from collections.abc import Mapping
from typing import Final

import orjson

from router.compose.link.fields import count, flag, strings
from router.compose.link.linked import Answer, Linked
from router.execution.contingency import contingency
from router.gateway.link import Code, Fields, LinkError
from router.gateway.plan_data import plan_data
from router.optimiser.proof import explain

_PLANS_MAX: Final = 1_000_000


async def _quote(link: Linked, fields: Fields) -> bytes:
    told = await link.desk.quotes.quoted(
        strings(fields, "order"),
        curve=flag(fields, "curve"),
        compare=flag(fields, "compare"),
        whole_desk=flag(fields, "margin"),  # of all clients together: only for who says so
    )
    return orjson.dumps(told)


async def _plan(link: Linked, fields: Fields) -> bytes:
    parent = link.named(fields)
    plans = parent.plans
    if not plans:
        raise LinkError("order: nothing was planned for it yet", code=Code.UNKNOWN, field="order")
    last = len(plans) - 1
    index = count(fields, "index", last, most=_PLANS_MAX)
    if index > last:
        message = f"index: it has {len(plans)} plans, counted from 0"
        raise LinkError(message, code=Code.UNKNOWN, field="index")
    plan = plans[index]
    return orjson.dumps(
        {
            "order": parent.order.id,
            "index": index,
            "plans": len(plans),
            **plan_data(plan),
            "explanation": [*explain(plan), *contingency(plan).lines()],
        }
    )


ANSWERS: Final[Mapping[str, Answer]] = {"quote": _quote, "plan": _plan}
