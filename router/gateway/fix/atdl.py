"""The algos as a FIXatdl 1.1 document, which an EMS loads to draw its tickets. Generated.

A parameter may be sent in the group 957 or in its field, never in both; what a replacement cannot
change says so. Rules that tie two parameters together are the request's own, told beforehand.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from router.gateway.algo_registry import ALGOS, AlgoSpec, Kind, Parameter
from router.gateway.fix import tags as t
from router.gateway.fix.parameters import OF_ORDERS, OrderParameter

_Any: TypeAlias = Parameter | OrderParameter

PROVIDER: Final = "HEADRACE"
_VERSION: Final = "1"
_SPACES: Final[Mapping[str, str]] = {
    "xmlns": "http://www.fixprotocol.org/FIXatdl-1-1/Core",
    "xmlns:val": "http://www.fixprotocol.org/FIXatdl-1-1/Validation",
    "xmlns:lay": "http://www.fixprotocol.org/FIXatdl-1-1/Layout",
    "xmlns:flow": "http://www.fixprotocol.org/FIXatdl-1-1/Flow",
    "xmlns:tz": "http://www.fixprotocol.org/FIXatdl-1-1/Timezones",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": "http://www.fixprotocol.org/FIXatdl-1-1/Core fixatdl-core-1-1.xsd",
}
_TYPES: Final[Mapping[Kind, str]] = {
    Kind.SHARE: "Percentage_t",
    Kind.SECONDS: "Float_t",
    Kind.NUMBER: "Float_t",
    Kind.WHOLE: "Int_t",
}
_CHANGEABLE: Final = frozenset({"slippage_max_bps"})
# What must hold of two parameters: the first is at most the second.
_AT_MOST: Final = (("IntervalSec", "DurationSec"), ("Band", "ParticipationRate"))


def strategies_xml() -> str:
    """Return the document."""
    known: dict[str, str] = {
        **_SPACES,
        "strategyIdentifierTag": str(t.TARGET_STRATEGY),
        "changeStrategyOnCxlRpl": "false",
        "tag957Support": "true",
    }
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<Strategies{_attributes(known)}>",
        *(f" {line}" for algo in ALGOS for line in _strategy(algo)),
        "</Strategies>",
    ]
    return "\n".join(lines) + "\n"


def _strategy(algo: AlgoSpec) -> Iterator[str]:
    said = {
        "name": algo.name,
        "uiRep": algo.label,
        "wireValue": algo.wire,
        "version": _VERSION,
        "fixMsgType": "D",
        "providerID": PROVIDER,
    }
    own: tuple[_Any, ...] = (*algo.parameters, *OF_ORDERS)
    yield f"<Strategy{_attributes(said)}>"
    yield f" <Description>{escape(algo.text)}</Description>"
    for parameter in own:
        yield from _parameter(parameter)
    yield " <lay:StrategyLayout>"
    panel = {"title": algo.label, "orientation": "VERTICAL", "collapsible": "false"}
    yield f"  <lay:StrategyPanel{_attributes(panel)}>"
    for parameter in own:
        yield f"   <lay:Control{_attributes(_control(parameter))}/>"
    yield "  </lay:StrategyPanel>"
    yield " </lay:StrategyLayout>"
    yield from _rules(algo)
    yield "</Strategy>"


def _parameter(parameter: _Any) -> Iterator[str]:
    is_needed = isinstance(parameter, Parameter) and parameter.default is None
    said = {
        "name": parameter.label,
        "xsi:type": _type(parameter),
        "fixTag": str(parameter.tag),
        "use": "required" if is_needed else "optional",
        "mutableOnCxlRpl": "true" if parameter.name in _CHANGEABLE else "false",
    }
    if isinstance(parameter, Parameter):
        bounds = {"minValue": parameter.least, "maxValue": parameter.most}
        said.update({name: text for name, text in bounds.items() if text is not None})
    yield f" <Parameter{_attributes(said)}>"
    yield f"  <Description>{escape(parameter.text)}</Description>"
    yield " </Parameter>"


def _type(parameter: _Any) -> str:
    if parameter.kind is not None:
        return _TYPES[parameter.kind]
    return "Boolean_t" if parameter.tag == t.ALLOW_SIMILAR else "String_t"


def _control(parameter: _Any) -> dict[str, str]:
    kind = "lay:CheckBox_t" if _type(parameter) == "Boolean_t" else "lay:TextField_t"
    unit = f" [{parameter.unit}]" if parameter.unit else ""
    said = {
        "ID": f"c_{parameter.label}",
        "xsi:type": kind,
        "label": f"{parameter.label}{unit}",
        "parameterRef": parameter.label,
        "tooltip": parameter.text,
    }
    if isinstance(parameter, Parameter) and parameter.default is not None:
        said["initValue"] = parameter.default
    return said


def _rules(algo: AlgoSpec) -> Iterator[str]:
    own = {parameter.label for parameter in algo.parameters}
    for less, more in _AT_MOST:
        if {less, more} <= own:
            edit = {"field": less, "operator": "LE", "field2": more}
            yield from _rule(f"{less} must not be above {more}", edit)
    if algo.needs_limit_price:
        yield from _rule("a limit price is needed", {"field": "FIX_Price", "operator": "EX"})
    if algo.counts_in_base:
        edit = {"field": "FIX_OrderQty", "operator": "EX"}
        yield from _rule("the quantity is of the base asset", edit)


def _rule(message: str, edit: Mapping[str, str]) -> Iterator[str]:
    yield f" <val:StrategyEdit{_attributes({'errorMessage': message})}>"
    yield f"  <val:Edit{_attributes(edit)}/>"
    yield " </val:StrategyEdit>"


def _attributes(said: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(text)}" for name, text in said.items())
