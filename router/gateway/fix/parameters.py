"""Parameters of orders beyond FIX's own fields: by name in the group, or in a field of ours.

One way or the other for each parameter, never both. Values go on as they are written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from router.gateway.algo_registry import ALGOS, PARAMETERS, Kind
from router.gateway.fix import tags as t
from router.gateway.fix.message import Body, MessageError, Reason, clean
from router.gateway.fix.values import decimal


@dataclass(frozen=True, slots=True)
class OrderParameter:
    """A parameter that orders of every algo have.

    Attributes
    ----------
    kind : Kind | None
        None: a word, or yes and no.
    """

    name: str
    label: str
    tag: int
    kind: Kind | None
    unit: str
    text: str


OF_ORDERS: Final = (
    OrderParameter(
        *("slippage_max_bps", "MaxSlippageBps", t.MAX_SLIPPAGE_BPS, Kind.NUMBER, "bps"),
        text="Worst price of any leg against arrival, fees included.",
    ),
    OrderParameter(
        *("holding_hours", "HoldingHours", t.HOLDING_HOURS, Kind.NUMBER, "h"),
        text="How long a perp position is expected to be held; prices its funding.",
    ),
    OrderParameter(
        *("strategy", "Strategy", t.DESK_STRATEGY, None, ""),
        text="Whose order it is, for limits and switches.",
    ),
    OrderParameter(
        *("allow_similar", "AllowSimilar", t.ALLOW_SIMILAR, None, ""),
        text="Y: it is meant, though an equal order was sent a moment ago.",
    ),
)
_FIELDS: Final[Mapping[int, str]] = {
    **{p.tag: p.name for p in PARAMETERS},
    **{p.tag: p.name for p in OF_ORDERS},
}
_LABELS: Final[Mapping[str, int]] = {
    **{p.label: p.tag for p in PARAMETERS},
    **{p.label: p.tag for p in OF_ORDERS},
}
_WORDS: Final = frozenset(p.tag for p in OF_ORDERS if p.kind is None)
_ALGOS: Final[Mapping[str, str]] = {
    **{algo.wire: algo.name for algo in ALGOS},
    "2": "pov",  # the specification's own: participate
    "3": "shortfall",  # and: minimise market impact
}
_SWITCHES: Final[Mapping[str, str]] = {"Y": "true", "N": "false"}


def algo_of(body: Body) -> str | None:
    """Return the algo that TargetStrategy(847) names; None where it names none.

    Raises
    ------
    MessageError
        If there is no such algo.
    """
    wire = body.get(t.TARGET_STRATEGY)
    if wire is None:
        return None
    if wire not in _ALGOS:
        known = ", ".join(f"{number} {name}" for number, name in _ALGOS.items())
        raise _refused(t.TARGET_STRATEGY, f"must be one of {known}, was {clean(wire[:20])}")
    return _ALGOS[wire]


def parameters_of(body: Body) -> dict[str, str]:
    """Return the parameters by their fields of a request.

    Raises
    ------
    MessageError
        If one is not known, is given twice, or is no number.
    """
    if body.get(t.TARGET_STRATEGY_PARAMETERS) is not None:
        raise _refused(t.TARGET_STRATEGY_PARAMETERS, "is not read; use the group 957")
    found: dict[str, str] = {}
    for tag, text in _given(body):
        if _FIELDS[tag] in found:
            raise _refused(tag, "is given twice; use the group 957 or the field")
        found[_FIELDS[tag]] = _read(tag, text)
    return found


def _given(body: Body) -> Iterator[tuple[int, str]]:
    for tag in () if body.lacks(_FIELDS) else _FIELDS:
        text = body.get(tag)
        if text is not None:
            yield tag, text
    for entry in body.entries(t.NO_STRATEGY_PARAMETERS):
        label = entry.get(t.STRATEGY_PARAMETER_NAME) or ""
        text = entry.get(t.STRATEGY_PARAMETER_VALUE)
        if label not in _LABELS or text is None:
            known = ", ".join(_LABELS)
            shown = clean(label[:40])
            raise _refused(
                t.STRATEGY_PARAMETER_NAME, f"must be one of {known}, with a value; was {shown}"
            )
        yield _LABELS[label], text


def _read(tag: int, text: str) -> str:
    if tag == t.ALLOW_SIMILAR:
        if text not in _SWITCHES:
            raise _refused(tag, "must be Y or N")
        return _SWITCHES[text]
    return text if tag in _WORDS else decimal(text, tag)


def _refused(tag: int, why: str) -> MessageError:
    return MessageError(f"{tag}: {why}", tag=tag, reason=Reason.VALUE)
