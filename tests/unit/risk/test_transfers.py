"""What would make a perp account whole that is short in its worst scenario, and from where."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from router.domain.account import AccountMode, AccountSnapshot, SpotHolding
from router.domain.observation import Survey
from router.domain.risk import AccountAssessment, ScenarioOutcome, Zone
from router.domain.units import AccountId, Amount, AssetId, Pips
from router.risk.report import AccountRisk
from router.risk.transfers import Source, suggestions
from tests.unit.engine.scene import (
    CHAIN,
    DOLLAR,
    MARGIN,
    PERP,
    T0,
    USDC,
    accounts,
    observation,
)

OTHER = AccountId("elsewhere:0xcc")
money = st.integers(0, 10**6)


def risk(*, room, account=MARGIN, withdrawable=10**9, unknown=""):
    """Return an account with so many dollars of room in its worst scenario."""
    worst = ScenarioOutcome("gap -30 %", 0, 0, room * DOLLAR)
    found = AccountAssessment(account, PERP.venue, 0, 0, 0, Zone.SAFE, worst=worst, unknown=unknown)
    return AccountRisk(
        found=found,
        collateral=USDC.id,
        value_atoms=0,
        available_atoms=0,
        withdrawable_atoms=withdrawable * DOLLAR,
        transfer_requirement_atoms=0,
        ratio_pips=Pips(0),
        reduces_only="",
        positions=(),
        outcomes=(worst,),
    )


def survey(*, chain=0, spot=0, held=0, mode=AccountMode.STANDARD):
    """Return a survey of so many dollars on the chain, and as spot at the venue."""
    on_chain, perp = accounts()
    coins = (Amount(USDC.id, chain * DOLLAR), Amount(AssetId("ETH"), 10**30))
    # The venue counts its spot in eight decimals.
    holding = SpotHolding(USDC.id, spot * 10**8, held * 10**8, 8)
    seen = (
        replace(on_chain, balances=coins, spendable=()),
        replace(perp, spot=(holding,), mode=mode),
    )
    return Survey(replace(observation(), accounts=seen))


def told(*risks, seen):
    return suggestions(risks, seen, (PERP,))


def dollars(found):
    return [(s.place, s.account, s.amount.atoms / DOLLAR) for s in found.sources]


def test_an_account_with_room_needs_nothing():
    assert told(risk(room=0), seen=survey(chain=100)) == ()


def test_spot_of_the_same_account_comes_first_then_perps_then_chains():
    (found,) = told(
        risk(room=-100),
        risk(room=30, account=OTHER),
        seen=survey(spot=50, held=10, chain=1_000),
    )

    assert found.account == MARGIN
    assert found.scenario == "gap -30 %"
    assert found.short == Amount(USDC.id, 100 * DOLLAR)
    assert dollars(found) == [("spot", MARGIN, 40), ("perp", OTHER, 30), ("chain", CHAIN, 30)]
    assert found.missing.atoms == 0


def test_what_nobody_has_is_said():
    (found,) = told(risk(room=-100), seen=survey(spot=40))

    assert found.sources == (Source(MARGIN, "spot", Amount(USDC.id, 40 * DOLLAR)),)
    assert found.missing == Amount(USDC.id, 60 * DOLLAR)


def test_an_account_gives_no_more_than_it_may_withdraw():
    giver = risk(room=90, account=OTHER, withdrawable=20)

    (found,) = told(risk(room=-100), giver, seen=survey())

    assert dollars(found) == [("perp", OTHER, 20)]


def test_spot_that_is_collateral_already_is_no_help():
    (found,) = told(risk(room=-100), seen=survey(spot=500, mode=AccountMode.UNIFIED))

    assert found.sources == ()


def test_the_account_most_short_is_helped_first_and_no_dollar_twice():
    first, second = told(risk(room=-50), risk(room=-80, account=OTHER), seen=survey(chain=100))

    assert (first.account, dollars(first)) == (OTHER, [("chain", CHAIN, 80)])
    assert (second.account, dollars(second)) == (MARGIN, [("chain", CHAIN, 20)])
    assert second.missing.atoms == 30 * DOLLAR


def test_of_an_account_that_is_not_known_nothing_is_said_nor_taken():
    strange = risk(room=-100, unknown="no answer")
    rich = risk(room=100, account=OTHER, unknown="no answer")

    assert told(strange, seen=survey(chain=100)) == ()
    (found,) = told(risk(room=-100), rich, seen=survey())
    assert found.sources == ()


def test_without_a_scenario_an_account_is_short_below_its_maintenance():
    bare = risk(room=0)
    poor = replace(bare.found, worst=None, equity_atoms=0, maintenance_atoms=7 * DOLLAR)

    (found,) = told(replace(bare, found=poor), seen=survey(chain=100))

    assert (found.scenario, found.short.atoms) == ("no scenario", 7 * DOLLAR)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=5), money, money)
def test_sources_and_what_is_missing_are_what_is_short_and_nobody_is_made_short(rooms, spot, chain):
    names = [MARGIN, *(AccountId(f"elsewhere:{n}") for n in range(len(rooms) - 1))]
    risks = [risk(room=room, account=name) for name, room in zip(names, rooms, strict=True)]
    have = {("spot", MARGIN): spot, ("chain", CHAIN): chain}
    have |= {("perp", n): max(0, room) for n, room in zip(names, rooms, strict=True)}

    found = told(*risks, seen=survey(spot=spot, chain=chain))

    assert [s.account for s in found] == [
        name
        for room, name in sorted(zip(rooms, names, strict=True), key=lambda p: p[0])
        if room < 0
    ]
    given = {}
    for one in found:
        assert sum(s.amount.atoms for s in one.sources) + one.missing.atoms == one.short.atoms
        for place, name, amount in dollars(one):
            given[place, name] = given.get((place, name), 0) + amount
    assert all(amount <= have[key] for key, amount in given.items())
    total = sum(-room for room in rooms if room < 0)
    missing = sum(one.missing.atoms for one in found) / DOLLAR
    assert missing == max(0, total - sum(have.values()))


def test_an_account_that_holds_no_snapshot_of_spot_gives_none():
    bare = AccountSnapshot(OTHER, (), (), (), 0, 0, None, None, T0)

    (found,) = told(risk(room=-1), seen=Survey(replace(observation(), accounts=(bare,))))

    assert found.sources == ()
