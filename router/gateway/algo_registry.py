"""The algos and their parameters, with units, bounds and what they are called by every door.

One table for the documents: of the API, of FIX (where a parameter has a name and a field of its
own), of FIXatdl. `algo_request` is what judges a request; tests hold the two together.
"""

import enum
from dataclasses import dataclass
from typing import Final


class Kind(enum.StrEnum):
    """What a parameter's value is."""

    SHARE = "share"  # 0.1 is a tenth
    SECONDS = "seconds"
    NUMBER = "number"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an algo.

    Attributes
    ----------
    name : str
        Its field in a request, unit last.
    label : str
        Its name in FIX: StrategyParameterName(958).
    tag : int
        Its field in FIX, where the group of parameters is not used.
    unit : str
        For people; empty for a plain count.
    least, most : str | None
        Bounds, themselves allowed; None where the request's other fields bound it, or nothing.
    default : str | None
        None: it must be given.
    """

    name: str
    label: str
    tag: int
    kind: Kind
    unit: str
    text: str
    least: str | None = None
    most: str | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True)
class AlgoSpec:
    """An algo as its users see it.

    Attributes
    ----------
    wire : str
        TargetStrategy(847).
    needs_limit_price : bool
        An order without a limit price is refused.
    counts_in_base : bool
        An order of an amount of cash is refused.
    """

    name: str
    label: str
    wire: str
    text: str
    parameters: tuple[Parameter, ...]
    needs_limit_price: bool = False
    counts_in_base: bool = False


def _spread(interval_text: str, caught: Parameter) -> tuple[Parameter, ...]:
    return (
        Parameter(
            *("duration_s", "DurationSec", 20007, Kind.SECONDS, "s"),
            text="How long the order is spread over.",
            least="0.1",
            most="86340",
        ),
        Parameter(
            *("interval_s", "IntervalSec", 20008, Kind.SECONDS, "s"),
            text=interval_text,
            least="0.1",
            default="30",
        ),
        Parameter(
            *("start_in_s", "StartInSec", 20009, Kind.SECONDS, "s"),
            text="How long to wait before the first slice.",
            least="0",
            most="86340",
            default="0",
        ),
        caught,
    )


def _catch_up(default: str, text: str, most: str | None = None) -> Parameter:
    return Parameter(
        *("catch_up", "CatchUp", 20010, Kind.SHARE, "share"),
        text=text,
        least="0.000001" if most else "0",
        most=most,
        default=default,
    )


_SLICE: Final = "From one slice to the next."
_OF_SLICE: Final = "What a slice may trade of what earlier ones left, as a share of a slice."

ALGOS: Final[tuple[AlgoSpec, ...]] = (
    AlgoSpec("sweep", "Sweep", "1000", "All of it now, over every venue the order allows.", ()),
    AlgoSpec(
        *("twap", "TWAP", "1001", "The same quantity in each interval."),
        parameters=_spread(_SLICE, _catch_up("0.5", _OF_SLICE)),
    ),
    AlgoSpec(
        *("pov", "POV", "1002", "A share of what the markets of the pair trade."),
        parameters=(
            *_spread(
                _SLICE,
                _catch_up("0.1", "What one slice may be at most, as a share of the order.", "1"),
            ),
            Parameter(
                *("participation", "ParticipationRate", 849, Kind.SHARE, "share"),
                text="Of the volume of all markets the order allows, ours included.",
                least="0.000001",
                most="0.5",
            ),
            Parameter(
                *("band", "Band", 20011, Kind.SHARE, "share"),
                text="How far the share may stray to either side.",
                least="0.000001",
                most="0.5",
                default="0.02",
            ),
        ),
        counts_in_base=True,
    ),
    AlgoSpec(
        *("shortfall", "Implementation shortfall", "1003"),
        text="The schedule that weighs impact against the risk of waiting.",
        parameters=(
            *_spread(_SLICE, _catch_up("0.5", _OF_SLICE)),
            Parameter(
                *("aversion", "Aversion", 20012, Kind.NUMBER, "1/quote"),
                text="Of the variance, for one quote unit; zero spreads impact alone.",
                least="0",
            ),
            Parameter(
                *("volatility_bps_day", "VolatilityBpsDay", 20013, Kind.NUMBER, "bps"),
                text="Standard deviation of the mid over one day.",
                least="0",
            ),
            Parameter(
                *("half_life_s", "HalfLifeSec", 20014, Kind.SECONDS, "s"),
                text="In which half of what a slice moved the price has gone back.",
                least="0.000000001",
            ),
        ),
    ),
    AlgoSpec(
        *("iceberg", "Iceberg", "1004"),
        text="Waits at a perp book's best price with a part of the order, then crosses.",
        parameters=(
            Parameter(
                *("display", "Display", 20015, Kind.SHARE, "share"),
                text="What is shown at once, as a share of the order.",
                least="0.000001",
                most="1",
            ),
            Parameter(
                *("cross_after_s", "CrossAfterSec", 20019, Kind.SECONDS, "s"),
                text="After this, what is left is swept over all venues the order allows.",
                least="0.000000001",
                most="86340",
            ),
            Parameter(
                *("offset_ticks", "OffsetTicks", 20016, Kind.WHOLE, "ticks"),
                text="How far behind the best price of its own side it waits; 0 joins it.",
                least="0",
                most="100000",
                default="0",
            ),
            Parameter(
                *("reprice_ticks", "RepriceTicks", 20017, Kind.WHOLE, "ticks"),
                text="How far the best price must have moved before it is followed.",
                least="1",
                most="100000",
                default="1",
            ),
            Parameter(
                *("reprices_max", "RepricesMax", 20018, Kind.WHOLE, ""),
                text="How often it is followed at most; what is left then crosses.",
                least="0",
                most="10000",
                default="20",
            ),
            Parameter(
                *("interval_s", "IntervalSec", 20008, Kind.SECONDS, "s"),
                text="How often the markets are looked at.",
                least="0.1",
                default="1",
            ),
        ),
        counts_in_base=True,
    ),
    AlgoSpec(
        *("limit", "Limit until", "1005"),
        text="Takes what the markets give within the limit price, as long as there is time.",
        parameters=(
            Parameter(
                *("interval_s", "IntervalSec", 20008, Kind.SECONDS, "s"),
                text="How often the markets are looked at.",
                least="0.1",
                default="5",
            ),
        ),
        needs_limit_price=True,
    ),
)
PARAMETERS: Final = tuple(
    {p.name: p for algo in ALGOS for p in algo.parameters}.values()
)  # each once: names, labels and fields are the same in every algo


def algo_named(name: str) -> AlgoSpec | None:
    """Return an algo by its name in requests."""
    return next((algo for algo in ALGOS if algo.name == name), None)


def algos_data() -> list[dict[str, object]]:
    """Return the table as plain data."""
    return [
        {
            "algo": algo.name,
            "label": algo.label,
            "text": algo.text,
            "fix": {"847": algo.wire},
            "needs_limit_price": algo.needs_limit_price,
            "counts_in_base": algo.counts_in_base,
            "parameters": [_parameter_data(parameter) for parameter in algo.parameters],
        }
        for algo in ALGOS
    ]


def _parameter_data(parameter: Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "kind": parameter.kind.value,
        "unit": parameter.unit,
        "text": parameter.text,
        "least": parameter.least,
        "most": parameter.most,
        "default": parameter.default,
        "is_required": parameter.default is None,
        "fix": {"958": parameter.label, "tag": parameter.tag},
    }
