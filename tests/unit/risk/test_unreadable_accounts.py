"""What is assessed of an account that cannot be looked at, and what is remembered of it."""

from dataclasses import replace

from router.domain.account import MarkedPosition, Position
from router.domain.margin import HeldPosition, MarginTier
from router.domain.observation import Survey
from router.domain.risk import GateRules, Zone, ZoneRules
from router.domain.units import Amount, DurationNs, Pico, Pips, TimestampNs
from router.risk.assessment import assess
from router.risk.stress.gate import reduced_accounts
from router.state.world import World
from tests.unit.engine.scene import (
    DOLLAR,
    ETH,
    LIMITS,
    MARGIN,
    PERP,
    STARTED,
    T0,
    USDC,
    observation,
)

ZONES = ZoneRules(
    venue=PERP.venue,
    early_pips=Pips(400_000),
    soft_pips=Pips(600_000),
    hard_pips=Pips(800_000),
    target_pips=Pips(500_000),
    slice_max_pips=Pips(250_000),
    cost_max_pips=Pips(3_000),
)
GUARDED = replace(LIMITS, gate=GateRules(DurationNs(10**10), DurationNs(10**9)), zones=(ZONES,))
WORLD = World(started=replace(STARTED, limits=GUARDED))
RATE = MarginTier(0, 25, Pico(20_000_000_000))


def account(dollars):
    """Return the account with a hundred ether, 300,000 dollars that ask for 6,000, and equity."""
    held = HeldPosition(ETH.id, 300_000 * DOLLAR, (RATE,), Pico(10**11))
    (found,) = (a for a in observation().accounts if a.account == MARGIN)
    return replace(
        found,
        balances=(Amount(USDC.id, (dollars - 300_000) * DOLLAR),),
        positions=(Position(PERP.id, 10**6, 10),),
        equity_atoms=dollars * DOLLAR,
        marked=(MarkedPosition(PERP.id, held),),
    )


def assessed(world, read, second):
    """Return the world with what is found now; without an account it does not answer."""
    seen = replace(observation(), accounts=() if read is None else (read,))
    unreadable = {MARGIN: "no answer"} if read is None else {}
    report = assess(world, Survey(seen, unreadable), epoch=0, at=TimestampNs(T0 + second * 10**9))
    return replace(world, assessment=report.assessment), report.accounts[0]


def test_an_account_that_was_being_reduced_goes_on_being_reduced_after_a_silence():
    # 6,000 of 9,600 is 62.5 %, of 10,600 is 56.6 %: above 55 % reducing goes on.
    world, first = assessed(WORLD, account(9_600), 1)
    world, silent = assessed(world, None, 2)
    world, again = assessed(world, account(10_600), 3)

    assert first.found.zone is Zone.SOFT
    assert (silent.found.zone, silent.found.unknown) == (Zone.SOFT, "no answer")
    assert again.found.zone is Zone.SOFT
    _, fresh = assessed(WORLD, account(10_600), 3)
    assert fresh.found.zone is Zone.EARLY


def test_a_silent_account_only_reduces_and_one_that_answers_again_may_grow():
    world, silent = assessed(WORLD, None, 1)

    assert silent.found.zone is Zone.SAFE
    assert "no answer" in silent.reduces_only
    world, again = assessed(world, account(60_000), 2)
    assert again.reduces_only == ""
    assert reduced_accounts(world, TimestampNs(T0 + 12 * 10**9)) == {}
    late = reduced_accounts(world, TimestampNs(T0 + 12 * 10**9 + 1))
    assert set(late) == {MARGIN}


def test_a_position_that_the_venue_puts_no_worth_to_leaves_its_account_unassessed():
    _, found = assessed(WORLD, replace(account(60_000), marked=()), 1)

    assert found.found.worst is None
    assert PERP.id in found.found.unknown
    assert "is worth" in found.reduces_only
