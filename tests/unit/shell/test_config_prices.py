import pytest

from router.domain.error import ConfigError
from router.domain.funding import FundingRules
from router.domain.price import PriceGuardRules
from router.shell import config, config_prices
from tests.unit.shell.test_config import ENVIRONMENT, GOOD

S = 10**9


@pytest.fixture
def load(tmp_path):
    """Write a file and read it back."""

    def read(text):
        path = tmp_path / "desk.toml"
        path.write_text(text, encoding="utf-8")
        return config.load(path, ENVIRONMENT)

    return read


def test_without_tables_nothing_is_guarded(load):
    read = load(GOOD)

    assert read.limits.price_guard is None
    assert read.limits.funding is None
    assert read.indices == ()
    assert read.staleness.average_window == 300 * S


def test_bands_and_ages_follow_what_venues_do_where_none_are_chosen(load):
    read = load(f"{GOOD}\n[price_guard]\n")

    assert read.limits.price_guard == PriceGuardRules(
        sources_min=2,
        age_max=10 * S,
        pool_age_max=30 * S,
        soft_pips=10_000,
        hard_pips=30_000,
        jump_max_pips=50_000,
    )


def test_what_is_chosen_is_taken(load, tmp_path):
    read = load(
        f"{GOOD}\n[price_guard]\nsoft_bps = 12.5\nage_max_ms = 1\naverage_minutes = 30\n"
        'indices = { desk = "prices.txt" }\n'
    )

    assert read.limits.price_guard.soft_pips == 1_250
    assert read.limits.price_guard.age_max == 1_000_000
    assert read.staleness.average_window == 1_800 * S
    (desk,) = read.indices
    assert (desk.name, desk.path) == ("desk", tmp_path / "prices.txt")


def test_a_file_read_twice_names_the_same_indices(load):
    text = f'{GOOD}\n[price_guard]\nindices = {{ desk = "prices.txt" }}\n'

    assert load(text).indices == load(text).indices


def test_what_funding_may_cost_must_be_chosen(load):
    with pytest.raises(ConfigError, match=r"funding.cost_max_bps: missing; add it"):
        load(f"{GOOD}\n[funding]\n")

    read = load(f"{GOOD}\n[funding]\ncost_max_bps = 150\n")

    assert read.limits.funding == FundingRules(
        watch_pips=500,
        alarm_pips=2_500,
        z_watch=300,
        z_alarm=600,
        persistence=3,
        calm_hours=6,
        cost_max_pips=15_000,
        hours_min=48,
        interval=300 * S,
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[price_guard]\nsoft_bps = 301", "price_guard.soft_bps: is above hard_bps; choose less"),
        ("[price_guard]\nsources_min = 0", "price_guard.sources_min: "),
        ("[price_guard]\nage_max_s = 3", "price_guard.age_max_s: unknown key"),
        ("[price_guard]\naverage_minutes = 31", "price_guard.average_minutes: "),
        ("[funding]\ncost_max_bps = 1\nwatch_bps = 26", "funding.watch_bps: is above alarm_bps"),
        ("[funding]\ncost_max_bps = 1\nz_watch = 7", "funding.z_watch: is above z_alarm"),
        ("[funding]\ncost_max_bps = 1\ninterval_s = 9", "funding.interval_s: "),
        ("[funding]\ncost_max_bps = 1\ncalm_hours = true", "funding.calm_hours: "),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_key(load, table, said):
    with pytest.raises(ConfigError) as refused:
        load(f"{GOOD}\n{table}\n")

    assert said in str(refused.value)


def test_the_mean_is_of_five_minutes_where_no_table_says_otherwise():
    assert config_prices.average_window(None) == 300 * S
