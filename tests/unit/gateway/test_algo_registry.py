"""The table of algos says what the requests' own judge says."""

import pytest

from router.domain.error import OrderError
from router.domain.units import NS_PER_S, TimestampNs
from router.gateway.algo_registry import ALGOS, PARAMETERS, Kind, algo_named, algos_data
from router.gateway.algo_request import FIELDS, parse_algo

T0 = TimestampNs(1_700_000_000 * NS_PER_S)
GIVEN = {
    "duration_s": "600",
    "participation": "0.1",
    "aversion": "0.000001",
    "volatility_bps_day": "300",
    "half_life_s": "30",
    "display": "0.1",
    "cross_after_s": "60",
}
BELOW = {"0": "-1", "1": "0", "0.1": "0.09", "0.000001": "0", "0.000000001": "0"}
CASES = [(algo, parameter) for algo in ALGOS for parameter in algo.parameters]
BOUND = [
    (algo, parameter, parameter.name)
    for algo, parameter in CASES
    if parameter.most is not None and parameter.kind is not Kind.SECONDS
]


def request_of(algo, **changes):
    needed = {p.name: GIVEN[p.name] for p in algo.parameters if p.default is None}
    asked = {"algo": algo.name, **needed, **changes}
    return {name: text for name, text in asked.items() if text is not None}


def test_every_field_of_an_algo_is_in_the_table_and_no_other():
    assert {"algo", *(p.name for p in PARAMETERS)} == FIELDS


@pytest.mark.parametrize("algo", ALGOS, ids=lambda a: a.name)
def test_an_algo_takes_its_parameters_and_no_others(algo):
    own = {p.name for p in algo.parameters}

    parse_algo(request_of(algo), T0)

    for other in PARAMETERS:
        if other.name not in own:
            with pytest.raises(OrderError, match=f"^{other.name}: belongs to"):
                parse_algo(request_of(algo, **{other.name: "1"}), T0)


@pytest.mark.parametrize(("algo", "parameter"), CASES)
def test_what_has_a_default_may_be_left_out_and_nothing_else(algo, parameter):
    if parameter.default is None:
        with pytest.raises(OrderError, match=f"^{parameter.name}: missing"):
            parse_algo(request_of(algo, **{parameter.name: None}), T0)
        return
    given = request_of(algo, **{parameter.name: parameter.default})
    assert parse_algo(given, T0) == parse_algo(request_of(algo), T0)


@pytest.mark.parametrize(("algo", "parameter"), CASES)
def test_below_the_least_is_refused(algo, parameter):
    # What is bounded by another field may be told of by that one.
    beside = {"duration_s": "interval_s", "participation": "band"}.get(parameter.name, "itself")
    with pytest.raises(OrderError, match=f"^({parameter.name}|{beside}): "):
        parse_algo(request_of(algo, **{parameter.name: BELOW[parameter.least]}), T0)


@pytest.mark.parametrize(("algo", "parameter", "name"), BOUND)
def test_the_most_is_allowed_and_no_more(algo, parameter, name):
    room = {"participation": "0.5"} if name == "band" else {}
    parse_algo(request_of(algo, **{**room, name: parameter.most}), T0)

    more = {"share": "1.1", "whole": "100001"}[parameter.kind.value]
    with pytest.raises(OrderError, match=f"^{name}: "):
        parse_algo(request_of(algo, **{name: more}), T0)


def test_a_name_has_one_field_and_one_label():
    for key in ("name", "label", "tag"):
        values = [getattr(parameter, key) for parameter in PARAMETERS]
        assert len(set(values)) == len(values)
    for algo, parameter in CASES:
        same = next(p for p in PARAMETERS if p.name == parameter.name)
        assert (same.label, same.tag, same.kind) == (parameter.label, parameter.tag, parameter.kind)
        assert algo_named(algo.name) is algo


def test_the_table_is_told_as_data():
    rows = {row["algo"]: row for row in algos_data()}

    assert list(rows) == ["sweep", "twap", "pov", "shortfall", "iceberg", "limit"]
    assert rows["twap"]["fix"] == {"847": "1001"}
    first = rows["twap"]["parameters"][0]
    assert (first["name"], first["unit"], first["is_required"]) == ("duration_s", "s", True)
    assert first["fix"] == {"958": "DurationSec", "tag": 20007}
    assert algo_named("vwap") is None
