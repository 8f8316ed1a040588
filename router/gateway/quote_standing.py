"""What a desk would say of a quoted order now, and the part of a quote's document that tells it.

Decides nothing: what is told here, risk said. What is the whole desk's alone is told to nobody
else; a document says itself what it keeps back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from router.domain.control import Control
from router.domain.instrument import Asset
from router.domain.plan import NoRouteReason
from router.domain.units import Amount, InstrumentId, format_decimal
from router.domain.verdict import Refused
from router.gateway import quote_document as doc
from router.gateway.discretion import KEPT_BACK, discreet

Verdict: TypeAlias = Literal["accepted", "waits", "refused", "unknown"]

UNASKED: Final = (
    "no desk was asked: its switches, and what its limits have left of the day, are not known"
)
_TOLD: Final[Mapping[Verdict, str]] = {
    "waits": "sent now it would wait: ",
    "refused": "sent now it would be refused: ",
}
_OF_ACCOUNTS: Final = {
    NoRouteReason.INSUFFICIENT_BALANCE.value,
    NoRouteReason.INSUFFICIENT_MARGIN.value,
    NoRouteReason.STRESS.value,
    NoRouteReason.POSITION_CAP.value,
    NoRouteReason.REDUCE_ONLY.value,
}
_NEEDS: Final = "needs margin_read for the whole desk"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A market of the pair that is not planned on, or only to reduce, and why.

    Attributes
    ----------
    of_account : bool
        The reason tells how an account stands.
    """

    instrument: InstrumentId
    reason: str
    of_account: bool = False


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a limit of money allows, and what of it is used up without the order."""

    key: str
    limit: Amount
    used: int

    @property
    def left(self) -> int:
        """What is left of it; nothing where more than all is used."""
        return max(0, self.limit.atoms - max(0, self.used))


@dataclass(frozen=True, slots=True)
class Standing:
    """What would become of the order if it came in now."""

    verdict: Verdict
    message: str
    refused: Refused | None = None
    left_out: tuple[LeftOut, ...] = ()
    allowances: tuple[Allowance, ...] = ()

    @property
    def holds_up(self) -> bool:
        """Whether the order cannot be sent as it is; one that is meant twice can say so."""
        finding = None if self.refused is None else self.refused.finding
        is_twice = finding is not None and finding.control is Control.DUPLICATE
        return self.verdict == "refused" and not is_twice

    @property
    def sentences(self) -> tuple[str, ...]:
        """What somebody should read first."""
        return (f"{_TOLD[self.verdict]}{self.message}",) if self.verdict in _TOLD else ()


def standing_data(standing: Standing, assets: Mapping[str, Asset]) -> doc.Now:
    """Return the part of a document."""
    refused = standing.refused
    finding = None if refused is None else refused.finding
    return doc.Now(
        verdict=standing.verdict,
        message=standing.message,
        reason=None if refused is None else refused.reason.value,
        control=None if finding is None else finding.control.value,
        limit=None if finding is None else finding.key,
        left_out=[doc.LeftOut(instrument=x.instrument, reason=x.reason) for x in standing.left_out],
        allowances=[_allowance(one, assets) for one in standing.allowances],
    )


def for_accounts(document: doc.QuoteDocument, standing: Standing) -> doc.QuoteDocument:
    """Return a document without what is of the whole desk, for who may see some accounts only."""
    now = document.now
    secret = {str(each.instrument) for each in standing.left_out if each.of_account}
    left_out = [
        each.model_copy(
            update={"reason": KEPT_BACK if each.instrument in secret else discreet(each.reason)}
        )
        for each in now.left_out
    ]
    message = _message(now.reason, now.message)
    hidden: dict[str, object] = {"left_out": left_out, "allowances": [], "message": message}
    refused = document.infeasible
    if refused is not None:
        refused = refused.model_copy(update={"message": _message(refused.reason, refused.message)})
    curve = [
        each.model_copy(update={"message": each.message and _message(each.reason, each.message)})
        for each in document.curve
    ]
    return document.model_copy(
        update={
            "now": now.model_copy(update=hidden),
            "infeasible": refused,
            "explanation": [line.replace(now.message, message) for line in document.explanation]
            if now.message
            else document.explanation,
            "curve": curve,
            "margin": [],
            "withheld": [f"margin: {_NEEDS}", f"now.allowances: {_NEEDS}"],
        }
    )


def _message(reason: str | None, message: str) -> str:
    return KEPT_BACK if reason in _OF_ACCOUNTS else discreet(message)


def _allowance(one: Allowance, assets: Mapping[str, Asset]) -> doc.Allowance:
    asset = assets[one.limit.asset]
    return doc.Allowance(
        key=one.key,
        asset=asset.id,
        limit=format_decimal(one.limit.atoms, asset.decimals),
        used=format_decimal(max(0, one.used), asset.decimals),
        left=format_decimal(one.left, asset.decimals),
    )
