"""What a FIX session asks for that changes something, written down before it is done.

Orders wait for their line, and are refused where there can be none; cancels wait for nothing. What
comes to nothing has a line that says so, whoever refused it; what is too often has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from router.gateway.access import Principal
from router.gateway.audit import AuditError, Entry
from router.gateway.audit_writer import Audit
from router.gateway.fix import tags as t
from router.gateway.fix.asks import Ask
from router.gateway.fix.message import Message
from router.gateway.link import Code, LinkError

_WAITING: Final = frozenset({"submit", "amend", "basket"})
_AT_ONCE: Final = frozenset({"cancel", "mass_cancel", "cancel_basket"})
_ACTIONS: Final[Mapping[str, str]] = {
    "D": "submit",
    "F": "cancel",
    "G": "amend",
    "q": "mass_cancel",
    "E": "basket",
    "K": "cancel_basket",
}
_SAID: Final[Mapping[str, int]] = {
    "client_order_id": t.CL_ORD_ID,
    "order": t.ORIG_CL_ORD_ID,
    "basket": t.LIST_ID,
}
_NAMES: Final = ("client_order_id", "order", "request", "by", "side", "base", "quote", "quantity")


@dataclass(frozen=True, slots=True)
class Recording:
    """The record of one session's requests; its principal is `access.of_session`."""

    audit: Audit
    principal: Principal

    async def write(self, ask: Ask, *, source: str, number: int) -> None:
        """Write down what is about to be asked of the daemon; reading is not written down.

        Parameters
        ----------
        number : int
            MsgSeqNum of the message it is of.

        Raises
        ------
        LinkError
            If it cannot be written, and waits for that: do not ask it.
        """
        if ask.do in _AT_ONCE:
            self.audit.note(self._entry(ask, "allowed", source=source, number=number))
        elif ask.do in _WAITING:
            try:
                await self.audit.record(self._entry(ask, "allowed", source=source, number=number))
            except AuditError as error:
                raise LinkError(str(error), code=Code.DEGRADED) from error

    def refused(self, asked: Message, answer: Message, *, source: str, number: int) -> None:
        """Write down that something comes to nothing; reading is not written down.

        Parameters
        ----------
        answer : Message
            What the peer is told.
        number : int
            MsgSeqNum of what it asked.
        """
        if asked.kind not in _ACTIONS or not _is_refusal(answer):
            return
        said = {name: asked.body.get(tag) for name, tag in _SAID.items()}
        said["text"] = answer.body.get(t.TEXT)
        entry = Entry(
            _ACTIONS[asked.kind],
            "refused",
            source,
            f"{self.principal.key}.{number}",
            principal=self.principal,
            account=asked.body.get(t.ACCOUNT) or "",
            details={name: text for name, text in said.items() if text is not None},
        )
        self.audit.note(entry)

    def signed_on(self, what: str, *, source: str) -> None:
        """Write down that the peer came, went, or was not let in."""
        entry = Entry("session", what, source, self.principal.key, principal=self.principal)
        self.audit.note(entry)

    def _entry(self, ask: Ask, decision: str, *, source: str, number: int) -> Entry:
        said = {**_table(ask.fields.get("basket")), **_table(ask.fields.get("order")), **ask.fields}
        details = {name: said[name] for name in _NAMES if isinstance(said.get(name), str)}
        accounts = said.get("accounts") or ()
        account = str(said.get("account") or ",".join(accounts))
        return Entry(
            ask.do,
            decision,
            source,
            f"{self.principal.key}.{number}",
            principal=self.principal,
            account=account,
            details=details,
        )


def _is_refusal(answer: Message) -> bool:
    match answer.kind:
        case "8":
            return answer.body.get(t.EXEC_TYPE) == "8"
        case "r":
            return answer.body.get(t.MASS_CANCEL_RESPONSE) == "0"
        case "N":
            return answer.body.get(t.LIST_ORDER_STATUS) == "7"
        case kind:
            return kind in {"9", "j"}


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
