from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from router.algo.pace import pace
from router.algo.pov import others_traded
from router.algo.progress import Progress
from router.domain.algo import Pov
from router.domain.observation import Volume
from router.domain.units import NS_PER_S, Amount, DurationNs, Pips, TimestampNs
from tests.unit.engine.scene import ETH, PERP, POOL, T0, USDC, observation, order

SECOND = NS_PER_S
TOTAL = 1_000_000


def pov(*, share=100_000, band=20_000, catch_up=1_000_000, end_s=60):
    return Pov(
        start_at=T0,
        end_at=TimestampNs(T0 + end_s * SECOND),
        interval=DurationNs(SECOND),
        participation_pips=Pips(share),
        band_pips=Pips(band),
        catch_up_pips=Pips(catch_up),
    )


def buy(algo):
    return replace(order(), quantity=Amount(ETH.id, TOTAL), algo=algo)


def volumes(pool=0, perp=0, run="one"):
    return (
        Volume(POOL.id, Amount(ETH.id, pool), run),
        Volume(PERP.id, Amount(ETH.id, perp), run),
    )


def paced(asked, now, *, filled=0, before=None, seconds=10):
    so_far = Progress(
        Amount(ETH.id, filled),
        None,
        1,
        volumes() if before is None else before,
        replace(observation(), volumes=now),
    )
    return pace(asked, so_far, TimestampNs(T0 + seconds * SECOND))


def test_nothing_is_released_before_anybody_has_traded():
    assert paced(buy(pov()), volumes()).released.atoms == 0


def test_the_share_is_of_everything_that_traded_our_own_included():
    # Others traded 900; with our 100 it is a tenth of 1,000.
    assert paced(buy(pov()), volumes(pool=500, perp=400)).released.atoms == 100
    assert paced(buy(pov()), volumes(pool=1_000, perp=900), filled=100).released.atoms == 200


def test_what_was_traded_before_the_order_does_not_count():
    now, before = volumes(pool=1_900), volumes(pool=1_000)

    assert paced(buy(pov()), now, before=before).released.atoms == 100


def test_volume_of_another_asset_does_not_count():
    odd = Volume(POOL.id, Amount(USDC.id, 10**9), "one")

    assert paced(buy(pov()), (odd,), before=(odd,)).released.atoms == 0


def test_it_waits_while_its_share_is_within_half_the_band():
    asked = buy(pov(band=20_000))

    # 100 of 1,050 is 9.52%: half the band begins at 9%.
    assert paced(asked, volumes(pool=1_050), filled=100).released.atoms == 100
    # 100 of 1,200 is 8.3%: a tenth of all is a ninth of what others traded.
    assert paced(asked, volumes(pool=1_200), filled=100).released.atoms == 1_100 // 9


def test_one_slice_is_bounded_by_what_may_be_caught_up():
    asked = buy(pov(catch_up=1_000))

    assert paced(asked, volumes(pool=900_000)).released.atoms == TOTAL // 1_000


def test_at_its_end_nothing_more_is_released():
    given_now = paced(buy(pov()), volumes(pool=9_000), filled=5, seconds=60)

    assert (given_now.released.atoms, given_now.wake_at) == (5, None)


def test_after_a_restart_it_counts_anew_as_if_its_share_had_been_kept():
    asked, after = buy(pov()), volumes(pool=70, run="two")

    first = paced(asked, after, filled=100, before=volumes(pool=5_000))
    assert first.released.atoms == 100
    assert first.volumes is not None

    later = volumes(pool=70 + 900, run="two")
    assert paced(asked, later, filled=100, before=first.volumes).released.atoms == 200


@given(
    st.integers(10_000, 500_000),
    st.integers(1_000, 10_000),
    st.lists(st.integers(0, 10_000), min_size=1, max_size=40),
)
def test_its_share_is_never_above_what_was_asked(share, band, trades):
    asked, filled, others = buy(pov(share=share, band=band)), 0, 0

    for traded in trades:
        others += traded
        released = paced(asked, volumes(pool=others + filled), filled=filled).released.atoms
        assert released >= filled
        if released > filled:
            assert released * 1_000_000 <= share * (released + others)
        filled = released


def test_volumes_of_other_markets_or_another_run_do_not_compare():
    assert others_traded(volumes(), volumes(pool=10), filled=4) == 6
    assert others_traded(volumes(), volumes(pool=3), filled=4) == 0
    assert others_traded(volumes(), volumes(run="two"), filled=0) is None
    assert others_traded(volumes()[:1], volumes(), filled=0) is None
