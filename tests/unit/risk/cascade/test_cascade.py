"""A quarter down in five minutes: nobody of ours is liquidated who could have been saved."""

from dataclasses import replace
from functools import cache

import pytest

from router.domain.instrument import Instrument
from router.domain.observation import Survey
from router.domain.risk import Assessment, Cut
from router.domain.units import Pips
from tests.unit.risk.cascade.bound import could_be_saved
from tests.unit.risk.cascade.fall import Book, Outcome, drawn, nothing, policy
from tests.unit.risk.cascade.town import Town

ALL = range(200)
SOME = (3, 5, 8, 9)  # 8: the account that hedges another is the one in need
HEDGED = 8
LARGE = {"anna": Book({"SOL": 60_000_000}, 0.97)}  # beyond all that the books take


@cache
def left_alone(seed: int) -> Outcome:
    return Town(seed, nothing).run()


@cache
def reduced(seed: int) -> Outcome:
    return Town(seed, policy).run()


seeds = pytest.mark.parametrize(
    "seeds", [pytest.param(SOME, id="some"), pytest.param(ALL, id="all", marks=pytest.mark.soak)]
)


@seeds
def test_nobody_is_liquidated_who_could_have_been_saved(seeds, record_property):
    outcomes = {seed: reduced(seed) for seed in seeds}
    lost = [(s, n) for s, o in outcomes.items() for n in o.liquidated]

    record_property("liquidated_with_the_policy", len(lost))
    assert [(s, n) for s, n in lost if could_be_saved(outcomes[s], n)] == []


@seeds
def test_without_the_policy_accounts_are_liquidated_that_could_have_been_saved(
    seeds, record_property
):
    outcomes = {seed: left_alone(seed) for seed in seeds}
    lost = [(s, n) for s, o in outcomes.items() for n in o.liquidated]
    saveable = [(s, n) for s, n in lost if could_be_saved(outcomes[s], n)]

    record_property("liquidated_without_the_policy", len(lost))
    record_property("of_which_could_have_been_saved", len(saveable))
    assert len(saveable) > len(outcomes) // 4


# In all. One by one it need not be so: what was kept from being liquidated goes on falling, and a
# venue that closes one side of a hedge bears what that side owes beyond its equity. How often, and
# by how much of the capital, is bounded here.
@seeds
def test_reducing_loses_less_than_being_liquidated(seeds, record_property):
    pairs = {s: (reduced(s), left_alone(s)) for s in seeds if left_alone(s).liquidated}
    saved = {s: (b.lost_usd - a.lost_usd) / b.start_usd for s, (a, b) in pairs.items()}
    ordered = sorted(saved.values())

    shares = {p: f"{ordered[len(ordered) * p // 100]:.1%}" for p in (0, 5, 25, 50, 75, 95)}
    record_property("saved_of_the_capital_by_percentile", str(shares))
    assert sum(a.lost_usd for a, _ in pairs.values()) < sum(b.lost_usd for _, b in pairs.values())
    assert sum(share < 0 for share in ordered) <= len(ordered) // 5
    assert {seed: share for seed, share in saved.items() if share < -0.1} == {}


@seeds
def test_no_cut_raises_what_the_firm_holds_of_an_asset(seeds):
    assert {s: reduced(s).bared for s in seeds if reduced(s).bared} == {}


# That these tests can fail.


def hedges_first(
    survey: Survey, instruments: tuple[Instrument, ...], before: Assessment | None
) -> tuple[Cut, ...]:
    """Cut the side that hedges instead of the side that is in need."""
    positions = {p.instrument: p.lots for a in survey.observation.accounts for p in a.positions}
    others = []
    for cut in policy(survey, instruments, before):
        _, name, _ = cut.instrument.split(":")
        other = cut.instrument.replace(f":{name}:", ":bert:" if name == "anna" else ":anna:")
        held = positions.get(other, 0)
        if held * positions[cut.instrument] < 0:
            lots = min(abs(cut.lots), abs(held))
            others.append(replace(cut, instrument=other, lots=-lots if held > 0 else lots))
    return tuple(others)


def test_a_policy_that_cuts_hedges_alone_is_found_out():
    assert Town(HEDGED, hedges_first).run().bared


def too_little(
    survey: Survey, instruments: tuple[Instrument, ...], before: Assessment | None
) -> tuple[Cut, ...]:
    """Cut as the desk does, a hundredth of it."""
    cuts = policy(survey, instruments, before)
    return tuple(replace(c, lots=c.lots // 100 or 1, slippage_max_pips=Pips(500)) for c in cuts)


def test_a_policy_that_does_too_little_is_found_out():
    outcome = Town(3, too_little).run()

    assert could_be_saved(outcome, next(iter(outcome.liquidated)))


def test_an_account_at_the_brink_with_more_than_the_books_take_could_not_have_been_saved():
    outcome = Town(3, policy, draw=replace(drawn(3), ours=LARGE)).run()

    assert outcome.liquidated
    assert not could_be_saved(outcome, "anna")
