import pytest

from router.domain.error import ConfigError
from router.domain.limits import VenueMargin
from router.domain.margin import StressScenario, StressShock
from router.domain.plan import InclusionScenario
from router.domain.stress import PegShock, VenueShock
from router.domain.units import Amount, AssetId, Pico, Pips, VenueId
from router.shell import config, config_stress
from router.shell.config_fields import Strict
from tests.unit.shell.test_config import ENVIRONMENT, GOOD

STRESS = """
[stress]
enabled = true
betas = { ETH = 0.5 }

[[stress.scenarios]]
name = "gap"
gap_pct = -30
apart = { USDC = { gap_pct = "-0.5", funding_bps = 1.5 } }

[[stress.scenarios]]
name = "funding"
funding_bps = -50

[stress.venues.somewhere]
buffer = { USDC = "500.25" }
"""
ALL_AT_ONCE = """
[stress]
enabled = true

[[stress.scenarios]]
name = "all at once"
gap_pct = -20
depth_pct = 10
gas_pct = 5000
duration_s = 600
pegs_pct = { USDC = 97.5 }

[stress.scenarios.venues.somewhere]
mark_pct = -5
is_out = true
oracle_late_s = 30
deleveraged_pct = 35
deleveraged_at_pct = 10

[[stress.scenarios]]
name = "gap"
gap_pct = -20
"""
LIBRARY = """
[stress]
enabled = true
library = { severity = "severe", classes = { ETH = "eth" }, money = ["USDC"] }
"""
UNSURE = """
[uncertainty]
enabled = true
tail_pct = 5
aversion = 0.25
scenarios = [
  { name = "as seen", weight = 0.9 },
  { name = "runs away", weight = 0.1, move_bps = 12.5, pool_depth_pct = 80, book_depth_pct = 50 },
]
"""


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        path = tmp_path / "desk.toml"
        path.write_text(GOOD + text, encoding="utf-8")
        return config.load(path, ENVIRONMENT).limits

    return load_text


def fault(load, text):
    with pytest.raises(ConfigError) as refused:
        load(text)
    message = str(refused.value)
    assert "\n" not in message
    return message.split("desk.toml: ", 1)[1]


def test_scenarios_are_read_into_exact_shocks(load):
    gap, funding = load(STRESS).scenarios

    eth, usdc = AssetId("ETH"), AssetId("USDC")
    assert gap == StressScenario(
        "gap",
        Pips(-300_000),
        Pips(0),
        (
            StressShock(eth, Pips(-150_000), Pips(0)),
            StressShock(usdc, Pips(-5_000), Pips(150)),
        ),
    )
    assert gap.shock(AssetId("BTC")) == StressShock(AssetId("BTC"), Pips(-300_000), Pips(0))
    assert (funding.gap_pips, funding.funding_pips) == (0, -5_000)
    assert funding.shock(eth) == StressShock(eth, Pips(0), Pips(-5_000))


def test_all_that_befalls_a_desk_is_read_to_the_pip(load):
    limits = load(ALL_AT_ONCE)
    everything, gap = limits.stresses

    assert (everything.gap_pips, everything.depth_pips, everything.gas_pips) == (
        -200_000,
        100_000,
        50_000_000,
    )
    assert everything.duration_s == 600
    assert everything.pegs == (PegShock(AssetId("USDC"), Pips(975_000)),)
    assert everything.venues == (
        VenueShock(
            VenueId("somewhere"),
            mark_pips=Pips(-50_000),
            is_out=True,
            oracle_late_s=30,
            deleveraged_pips=Pips(350_000),
            deleveraged_at_pips=Pips(100_000),
        ),
    )
    assert (gap.venues, gap.depth_pips, gap.duration_s) == ((), 1_000_000, 300)
    # What befalls one venue alone is no row of all accounts.
    assert [row.name for row in limits.scenarios] == ["gap"]


def test_every_venue_without_an_entry_takes_that_of_the_star(load):
    text = ALL_AT_ONCE.replace("venues.somewhere", 'venues."*"')

    assert load(text).stresses == load(ALL_AT_ONCE).stresses


def test_the_standard_scenarios_come_by_their_severity_beside_those_of_the_file(load):
    severe = load(LIBRARY).stresses
    default = load(LIBRARY.replace("severe", "default")).stresses
    more = load(LIBRARY + "[[stress.scenarios]]\nname = 'own'\ngap_pct = -50\n").stresses

    eth = AssetId("ETH")
    falls = [s.shock(eth).gap_pips for (s, *_) in (severe, default)]
    assert falls == [-300_000, -180_000]
    assert {v.venue for s in severe for v in s.venues} == {"somewhere"}
    assert {p.asset for s in severe for p in s.pegs} == {"USDC"}
    assert more == (more[0], *severe)
    assert more[0].name == "own"


def test_an_entry_of_its_own_comes_before_a_beta(load):
    text = STRESS.replace("apart = { USDC", "apart = { ETH")

    assert load(text).scenarios[0].shock(AssetId("ETH")).gap_pips == -5_000


def test_a_beta_rounds_away_from_zero(load):
    text = STRESS.replace("ETH = 0.5", "ETH = 0.0001").replace("gap_pct = -30", "gap_pct = -30.01")

    assert load(text).scenarios[0].shock(AssetId("ETH")).gap_pips == -31


def test_a_venue_keeps_its_buffer_and_may_be_told_only_to_reduce(load):
    venue, usdc = VenueId("somewhere"), AssetId("USDC")

    assert load(STRESS).venue_margins == (
        VenueMargin(venue, (Amount(usdc, 500_250_000),), reduces_only=False),
    )
    told = load(STRESS + "reduces_only = true\n").venue_margin(venue)
    assert told.reduces_only
    assert load(STRESS).venue_margin(VenueId("other")) == VenueMargin(
        VenueId("other"), (), reduces_only=False
    )


def test_what_is_left_out_or_switched_off_is_not_there_and_is_checked_all_the_same(load):
    off = STRESS.replace("enabled = true", "enabled = false")

    assert (load("").scenarios, load("").venue_margins, load("").uncertainty) == ((), (), None)
    assert load(off).scenarios == ()
    assert load(off + "reduces_only = true\n").venue_margin(VenueId("somewhere")).reduces_only
    assert load(UNSURE.replace("enabled = true", "enabled = false")).uncertainty is None
    assert "enabled" in fault(load, STRESS.replace("enabled = true", ""))
    assert "weights" in fault(load, UNSURE.replace("true", "false").replace("0.9", "0.8"))


def test_what_plans_reckon_with_is_read_into_exact_numbers(load):
    read = load(UNSURE).uncertainty

    assert (read.tail_pips, read.aversion_pips) == (50_000, 250_000)
    assert read.scenarios == (
        InclusionScenario("as seen", Pico(9 * 10**11), Pips(0), Pips(10**6), Pips(10**6)),
        InclusionScenario("runs away", Pico(10**11), Pips(1_250), Pips(800_000), Pips(500_000)),
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("gap_pct = -30", "gap_pct = -100", "stress.scenarios.0.gap_pct: "),
        ("gap_pct = -30", "gap_pct = true", "stress.scenarios.0.gap_pct: must be a number"),
        ("gap_pct = -30", "gab_pct = -30", "stress.scenarios.0.gab_pct: unknown key"),
        ("ETH = 0.5", "ETH = 4", "stress.scenarios: gap: ETH: falls by 120"),
        ("ETH = 0.5", "DOGE = 4", "stress.betas.DOGE: is not in [assets]"),
        ("USDC = { gap", "DOGE = { gap", "stress.scenarios: gap: apart.DOGE: is not in [assets]"),
        ('"funding"', '"gap"', "stress.scenarios: 'gap' is there 2 times"),
        ("venues.somewhere", "venues.nowhere", "stress.venues.nowhere: is not in [venues]"),
        ('"500.25"', '"-1"', "stress.venues.somewhere.buffer.USDC: must not be negative"),
        ('"500.25"', '"0.0000001"', "stress.venues.somewhere.buffer.USDC: must have at most 6"),
        ('"500.25"', "500.25", "stress.venues.somewhere.buffer.USDC: "),
        ('"funding"', '"12:30"', "stress.scenarios.1.name: must be a name of one line"),
        ('"funding"', '"a\\nb"', "stress.scenarios.1.name: must be a name of one line"),
    ],
)
def test_a_scenario_that_cannot_be_is_named(load, old, new, words):
    assert old in STRESS

    assert fault(load, STRESS.replace(old, new)).startswith(words)


@pytest.mark.parametrize(
    ("text", "old", "new", "words"),
    [
        (ALL_AT_ONCE, "depth_pct = 10", "depth_pct = 0", "stress.scenarios.0.depth_pct: "),
        (ALL_AT_ONCE, "gas_pct = 5000", "gas_pct = -1", "stress.scenarios.0.gas_pct: "),
        (ALL_AT_ONCE, "duration_s = 600", "duration_s = 0", "stress.scenarios.0.duration_s: "),
        (ALL_AT_ONCE, "USDC = 97.5", "USDC = 101", "stress.scenarios.0.pegs_pct.USDC: "),
        (
            ALL_AT_ONCE,
            "USDC = 97.5",
            "DOGE = 97.5",
            "stress.scenarios: all at once: pegs_pct.DOGE: is not in [assets]",
        ),
        (
            ALL_AT_ONCE,
            "venues.somewhere",
            "venues.nowhere",
            "stress.scenarios: all at once: venues.nowhere: is not in [venues]",
        ),
        (
            ALL_AT_ONCE,
            "deleveraged_at_pct = 10",
            "",
            "stress.scenarios: all at once: venues.somewhere.deleveraged_at_pct: missing",
        ),
        (
            ALL_AT_ONCE,
            "mark_pct = -5",
            "mark_pct = -100",
            "stress.scenarios.0.venues.somewhere.mark_pct: ",
        ),
        (LIBRARY, '"eth"', '"big"', "stress.library.classes.ETH: "),
        (LIBRARY, '"severe"', '"mild"', "stress.library.severity: "),
        (LIBRARY, '["USDC"]', '["DOGE"]', "stress.library.money.DOGE: is not in [assets]"),
        (LIBRARY, LIBRARY.splitlines()[3], "", "stress.scenarios: missing; add one, or a library"),
    ],
)
def test_what_cannot_befall_a_desk_is_named(load, text, old, new, words):
    assert old in text

    assert fault(load, text.replace(old, new)).startswith(words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("weight = 0.9", "weight = 0.8", "uncertainty.scenarios: weights must add up to 1, they"),
        ("weight = 0.9", "weight = 0", "uncertainty.scenarios.0.weight: "),
        ("tail_pct = 5", "tail_pct = 0", "uncertainty.tail_pct: "),
        ("aversion = 0.25", "aversion = -1", "uncertainty.aversion: "),
        ("pool_depth_pct = 80", "pool_depth_pct = 0", "uncertainty.scenarios.1.pool_depth_pct: "),
        ("pool_depth_pct = 80", "pool_depth_pct = 101", "uncertainty.scenarios.1.pool_depth_pct: "),
        ('"runs away"', '"runs: away"', "uncertainty.scenarios.1.name: must be a name of one line"),
        ('"runs away"', '"as seen"', "uncertainty.scenarios: 'as seen' is there 2 times"),
    ],
)
def test_an_uncertainty_that_cannot_be_is_named(load, old, new, words):
    assert old in UNSURE

    assert fault(load, UNSURE.replace(old, new)).startswith(words)


def test_every_table_refuses_keys_it_does_not_know():
    tables = (config_stress.StressSettings, config_stress.UncertaintySettings)

    assert all(issubclass(table, Strict) for table in tables)
    assert Strict.model_config["extra"] == "forbid"
