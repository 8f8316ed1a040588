"""Does what a call asks, for a request and for a message of a stream alike.

First it is seen whether the key may, then it is written down, then the daemon is asked. What comes
back is what the daemon says, as JSON.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

from router.domain.switch import TradingState
from router.gateway.access import Permission, Principal, of_switch
from router.gateway.audit import Entry
from router.gateway.audit_writer import Audit
from router.gateway.discretion import discreet, discreet_data
from router.gateway.http.calls import Call
from router.gateway.http.desk_line import DeskLine
from router.gateway.http.faults import REFUSALS, problem
from router.gateway.http.models import AuditQuery, SetSwitch
from router.gateway.http.problems import ProblemError, printable
from router.gateway.http.repeats import Reply
from router.gateway.http.routes import Route
from router.gateway.http.wire import encode
from router.gateway.link import Code, LinkError
from router.gateway.rates import Kind
from router.gateway.signing import HEADERS

ReadAudit: TypeAlias = Callable[[int, int], dict[str, Any]]

_SIGNING_IN: Final = "authenticate"
_KEY_CHARACTERS_MAX: Final = 64
_CREATED: Final = 201
_ACCEPTED: Final = 202
_OK: Final = 200
_ALTERING: Final = frozenset({"cancelOrder", "amendOrder"})
_OF_ORDERS: Final = frozenset({Permission.ORDERS_READ, Permission.ORDERS_WRITE, Permission.CANCEL})
_OF_THE_DESK: Final = frozenset({"showStatus", "listSwitches"})  # whose reasons may be of accounts
_TOLD: Final = frozenset(  # what the record tells of a body
    {"client_order_id", "account", "request", "reason", "state", "scope", "child", "fill"}
)


class Doing:
    """The daemon's services, for those who may."""

    def __init__(self, line: DeskLine, audit: Audit, read_audit: ReadAudit) -> None:
        self._line = line
        self._audit = audit
        self._read_audit = read_audit

    async def do(self, route: Route, call: Call, *, source: str, request: str) -> Reply:
        """Do it, and return the answer.

        Raises
        ------
        LinkError, ProblemError, AccessError, AuditError, TimeoutError
            Saying why not.
        """
        entry = _entry(route, call, source=source, request=request)
        try:
            _permit(route, call)
            await self._check_account(route, call)
            if isinstance(route.make, str):
                return await self._know(route, call)
            ask = route.make(call)
            await self._write_down(route, call, entry)
            answer = await self._line.ask(ask.do, **ask.fields)
        except REFUSALS as error:
            self._audit.note(replace(entry, decision=problem(error).code))
            if isinstance(error, LinkError) and not call.principal.sees_the_desk:
                told = discreet(str(error))
                raise LinkError(told, code=error.code, field=error.field) from error
            raise
        gives_reasons = route.permission in _OF_ORDERS or route.operation in _OF_THE_DESK
        if gives_reasons and not call.principal.sees_the_desk:
            answer = discreet_data(answer)
        return _reply(route, answer)

    def turn_away(
        self, error: Exception, headers: Mapping[str, str], *, source: str, request: str
    ) -> None:
        """Write down that somebody showed a wrong key; who showed none is not worth a line."""
        key = printable(str(headers.get(HEADERS["key"], ""))[:_KEY_CHARACTERS_MAX])
        if key:
            said = problem(error).code
            self._audit.note_stranger(
                Entry(_SIGNING_IN, decision=said, source=source, request=request, key=key)
            )

    # Cancels and halts wait for no file; what lets more be traded does.
    async def _write_down(self, route: Route, call: Call, entry: Entry) -> None:
        if route.rate is Kind.CANCEL and not _loosens(call):
            self._audit.note(entry)
        elif route.method == "POST" and route.rate is not Kind.QUOTE:
            await self._audit.record(entry)

    # Somebody else's order is no order: that there is one, too, is not told.
    async def _check_account(self, route: Route, call: Call) -> None:
        if route.concerns != "order" or call.principal.accounts is None:
            return
        assert route.permission is not None, "what concerns an order needs a permission"
        name = call.path["name"]
        found = await self._line.ask("order", order=name, client=call.principal.client)
        if not call.principal.permits(route.permission, str(found.get("account", ""))):
            raise ProblemError(Code.UNKNOWN, f"order: {name!r} is not known", field="order")

    async def _know(self, route: Route, call: Call) -> Reply:
        if route.make == "session":
            return Reply(_OK, encode(who_is(call.principal)))
        assert isinstance(call.query, AuditQuery), "the table gives it this query"
        page = await asyncio.to_thread(self._read_audit, call.query.after, call.query.limit)
        return Reply(_OK, encode(page))


def who_is(principal: Principal) -> dict[str, object]:
    """Return who somebody is, and what they may do."""
    return {
        "key": principal.key,
        "client": principal.client,
        "roles": list(principal.roles),
        "permissions": sorted(each for each in principal.permissions if principal.permits(each)),
        "accounts": None if principal.accounts is None else list(principal.accounts),
    }


def _permit(route: Route, call: Call) -> None:
    if route.permission is None:
        return
    call.principal.require(route.permission)
    if isinstance(call.body, SetSwitch):
        call.principal.require(of_switch(TradingState(call.body.state)))


def _loosens(call: Call) -> bool:
    body = call.body
    return isinstance(body, SetSwitch) and of_switch(TradingState(body.state)) is Permission.RESUME


def _entry(route: Route, call: Call, *, source: str, request: str) -> Entry:
    said: dict[str, str] = {}
    if call.body is not None:
        said = {name: str(getattr(call.body, name)) for name in _TOLD & call.body.model_fields_set}
    return Entry(
        action=route.operation,
        decision="allowed",
        source=source,
        request=request,
        principal=call.principal,
        account=said.pop("account", ""),
        details={**call.path, **said},
    )


def _reply(route: Route, answer: Mapping[str, Any]) -> Reply:
    if route.operation in _ALTERING:
        return _altered(answer)
    status = _OK
    if route.statuses[0] == _CREATED and answer.get("is_new", True):
        status = _CREATED
    return Reply(status, encode(answer))


def _altered(answer: Mapping[str, Any]) -> Reply:
    if answer["result"] == "refused":
        code = str(answer.get("code", Code.REFUSED))
        raise ProblemError(code, str(answer["message"]), field="request")
    status = _ACCEPTED if answer["result"] == "pending" else _OK
    return Reply(status, encode(answer))
