import pytest

from router.domain.error import ConfigError
from router.domain.risk import GateRules, ZoneRules
from router.domain.units import DurationNs, Pips, VenueId
from router.shell import config, config_risk
from router.shell.config_fields import Strict
from tests.unit.shell.test_config import ENVIRONMENT, GOOD

RISK = """
[risk]
assess_every_ms = 1000
assessment_age_max_ms = 5000

[risk.zones.somewhere]
early_pct = 40
soft_pct = 60
hard_pct = 80.5
target_pct = 50
slice_max_pct = 25
cost_max_bps = 12.5
"""


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        path = tmp_path / "desk.toml"
        path.write_text(GOOD + text, encoding="utf-8")
        return config.load(path, ENVIRONMENT).limits

    return load_text


def test_the_gate_and_the_zones_are_read_into_exact_numbers(load):
    limits = load(RISK)

    assert limits.gate == GateRules(age_max=DurationNs(5 * 10**9), interval=DurationNs(10**9))
    assert limits.zones == (
        ZoneRules(
            venue=VenueId("somewhere"),
            early_pips=Pips(400_000),
            soft_pips=Pips(600_000),
            hard_pips=Pips(805_000),
            target_pips=Pips(500_000),
            slice_max_pips=Pips(250_000),
            cost_max_pips=Pips(1_250),
        ),
    )


def test_without_the_table_nothing_is_asked(load):
    assert (load("").gate, load("").zones) == (None, ())


def test_every_venue_without_zones_of_its_own_takes_those_of_the_star(load):
    starred = RISK.replace("zones.somewhere", 'zones."*"')

    assert load(starred).zones == load(RISK).zones


@pytest.mark.parametrize("key", [line.split()[0] for line in RISK.splitlines() if "=" in line])
def test_every_key_must_be_chosen(load, key):
    kept = "\n".join(line for line in RISK.splitlines() if not line.startswith(key))

    with pytest.raises(ConfigError, match=f"{key}: missing; add it"):
        load(kept)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "assess_every_ms = 1000",
            "assess_every_ms = 5001",
            "risk.assessment_age_max_ms: must not",
        ),
        ("assess_every_ms = 1000", "assess_every_ms = 0", "risk.assess_every_ms: "),
        ("early_pct = 40", "early_pct = 60", "risk.zones.somewhere.soft_pct: must be above early"),
        ("hard_pct = 80.5", "hard_pct = 59", "risk.zones.somewhere.hard_pct: must be above soft"),
        ("hard_pct = 80.5", "hard_pct = 100", "risk.zones.somewhere.hard_pct: "),
        ("target_pct = 50", "target_pct = 60", "risk.zones.somewhere.target_pct: must be below"),
        ("slice_max_pct = 25", "slice_max_pct = 0", "risk.zones.somewhere.slice_max_pct: "),
        ("cost_max_bps = 12.5", "cost_max_bps = -1", "risk.zones.somewhere.cost_max_bps: "),
        ("zones.somewhere", "zones.nowhere", "risk.zones.nowhere: is not in [venues]"),
        ("target_pct", "goal_pct", "risk.zones.somewhere."),
    ],
)
def test_rules_that_cannot_be_are_named(load, old, new, words):
    assert old in RISK

    with pytest.raises(ConfigError) as refused:
        load(RISK.replace(old, new))
    message = str(refused.value)
    assert "\n" not in message
    assert message.split("desk.toml: ", 1)[1].startswith(words)


def test_the_tables_refuse_keys_they_do_not_know():
    assert all(issubclass(t, Strict) for t in (config_risk.RiskSettings, config_risk.ZoneSettings))
