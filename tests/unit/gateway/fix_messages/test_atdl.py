"""The document for tickets says what the gateway takes: what is drawn by it can be sent."""

from xml.etree import ElementTree as ET

import pytest

from router.domain.units import NS_PER_S, TimestampNs
from router.gateway.algo_request import parse_algo
from router.gateway.fix.atdl import strategies_xml
from router.gateway.fix.message import body
from router.gateway.fix.parameters import algo_of, parameters_of

CORE = "{http://www.fixprotocol.org/FIXatdl-1-1/Core}"
LAYOUT = "{http://www.fixprotocol.org/FIXatdl-1-1/Layout}"
RULES = "{http://www.fixprotocol.org/FIXatdl-1-1/Validation}"
KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"
ROOT = ET.fromstring(strategies_xml())  # noqa: S314 - our own text
STRATEGIES = ROOT.findall(f"{CORE}Strategy")
SENSIBLE = {"DurationSec": "600", "IntervalSec": "60", "ParticipationRate": "0.1"}


def filled(strategy, required_only):
    """Fill a ticket in: what is needed, with its least value or a sensible one."""
    for parameter in strategy.findall(f"{CORE}Parameter"):
        label = parameter.get("name")
        if parameter.get("use") == "required" or not required_only:
            plain = {"String_t": "carry", "Boolean_t": "Y"}.get(parameter.get(KIND))
            least = parameter.get("minValue", "1")
            yield parameter, plain or SENSIBLE.get(label) or {"0": "1"}.get(least, least)


def test_the_strategies_are_told_by_field_847():
    assert ROOT.get("strategyIdentifierTag") == "847"
    assert ROOT.get("tag957Support") == "true"
    wires = [strategy.get("wireValue") for strategy in STRATEGIES]
    assert wires == ["1000", "1001", "1002", "1003", "1004", "1005"]


@pytest.mark.parametrize("required_only", [True, False])
@pytest.mark.parametrize("way", ["group", "fields"])
@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.get("name"))
def test_a_ticket_that_is_filled_in_can_be_sent(strategy, way, required_only):
    values = list(filled(strategy, required_only))
    if way == "group":
        entries = tuple(body((958, p.get("name")), (959, "14"), (960, v)) for p, v in values)
        items = ((957, entries),) if entries else ()
    else:
        items = tuple((int(p.get("fixTag")), v) for p, v in values)
    sent = body((847, strategy.get("wireValue")), *items)

    named = algo_of(sent)
    orders = {"slippage_max_bps", "holding_hours", "strategy", "allow_similar"}
    given = {k: v for k, v in parameters_of(sent).items() if k not in orders}

    assert named == strategy.get("name")
    parse_algo({"algo": named, **given}, TimestampNs(NS_PER_S))


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.get("name"))
def test_every_parameter_has_one_control_and_rules_name_parameters(strategy):
    names = [p.get("name") for p in strategy.findall(f"{CORE}Parameter")]
    controls = [c.get("parameterRef") for c in strategy.iter(f"{LAYOUT}Control")]

    assert controls == names
    assert len(set(names)) == len(names)
    for edit in strategy.iter(f"{RULES}Edit"):
        fields = {edit.get("field"), edit.get("field2")} - {None, "FIX_Price", "FIX_OrderQty"}
        assert fields <= set(names)


def test_what_a_replacement_may_change_is_marked():
    changeable = {
        p.get("name") for p in ROOT.iter(f"{CORE}Parameter") if p.get("mutableOnCxlRpl") == "true"
    }

    assert changeable == {"MaxSlippageBps"}
