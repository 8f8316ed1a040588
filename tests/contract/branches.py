"""V-CHAIN: what a chain's stream tells that is not there for good, or not as it was said."""

from router.domain.error import BrokenPoolError
from router.domain.market import ChainReorganised, PoolQuarantined, StreamLost
from tests.contract.harness import is_complete, streaming
from tests.contract.measure import POOL_SNAPSHOTS, settled

BLOCKS_MISSED = 5


async def check_a_reorganisation_is_told_and_what_took_its_place_follows(harness):
    async with streaming(harness) as tape:
        await settled(harness, tape)
        harness.move_market()
        await settled(harness, tape)
        moved, mark = harness.truth(), len(tape.events)
        harness.reorganise()
        assert harness.truth() != moved
        await tape.until(lambda: _told(tape, mark, ChainReorganised))
        await settled(harness, tape)
        harness.move_market()
        await settled(harness, tape)

    assert isinstance(tape.events[mark], ChainReorganised), "nothing of the new branch is before it"
    assert tape.events[mark].venue == harness.venue.id
    assert not _told(tape, mark, StreamLost)
    assert not _told(tape, mark, *POOL_SNAPSHOTS), "what is void is taken back, not read again"


async def check_a_pool_that_is_not_the_configured_one_is_told_and_the_others_go_on(harness):
    setup = harness.build_mistaken()
    named = {i.id for i in setup.instruments}
    (mistaken,) = named - {i.id for i in harness.instruments}

    def agrees(tape):
        truth = harness.truth()
        return harness.seen(tape.view) == {i: truth[i] for i in named - {mistaken}}

    await setup.venue.start()
    async with streaming(harness, setup=setup) as tape:
        await tape.until(lambda: is_complete(harness, tape) and agrees(tape))
        harness.move_market()
        await tape.until(lambda: agrees(tape))

    told = [e for e in tape.events if getattr(e, "instrument", None) == mistaken]
    assert [type(event) for event in told] == [PoolQuarantined]
    assert mistaken in told[0].reason
    assert not tape.losses()


async def check_blocks_that_passed_while_it_was_cut_off_are_filled_in(harness):
    async with streaming(harness) as tape:
        await settled(harness, tape)
        mark = len(tape.events)
        harness.cut()
        harness.move_market()
        for _ in range(BLOCKS_MISSED):
            harness.make_block()
        harness.move_market()
        await tape.until(lambda: tape.losses(mark))
        await settled(harness, tape)

    assert all(e.venue == harness.venue.id and e.reason for e in tape.losses())
    assert not _told(tape, mark, *POOL_SNAPSHOTS)


async def check_a_pool_whose_state_does_not_follow_gets_another_snapshot(harness):
    broken = harness.traded.id
    refused = []

    def refusing_once(tape):
        def emit(event):
            if getattr(event, "instrument", None) != broken or refused or not settled_once:
                tape.emit(event)
                return
            refused.append(event)
            tape.emit(PoolQuarantined(broken, "does not follow", harness.clock.now()))
            raise BrokenPoolError(broken, "does not follow")

        return emit

    settled_once = []
    async with streaming(harness, emit_to=refusing_once) as tape:
        await settled(harness, tape)
        settled_once.append(True)
        mark = len(tape.events)
        harness.move_market()
        await tape.until(lambda: refused and broken not in tape.view.quarantined)
        await settled(harness, tape)
        harness.move_market()
        await settled(harness, tape)

    assert not isinstance(refused[0], POOL_SNAPSHOTS)
    assert not tape.losses()
    # One read in the midst of things may be taken again; nothing else is.
    snapshots = _told(tape, mark, *POOL_SNAPSHOTS)
    assert {event.instrument for event in snapshots} == {broken}


def _told(tape, mark, *kinds):
    return [event for event in tape.events[mark:] if isinstance(event, kinds)]


BRANCHES = {
    "V-CHAIN-70": check_a_reorganisation_is_told_and_what_took_its_place_follows,
    "V-CHAIN-100": check_a_pool_that_is_not_the_configured_one_is_told_and_the_others_go_on,
    "V-CHAIN-110": check_blocks_that_passed_while_it_was_cut_off_are_filled_in,
    "V-CHAIN-120": check_a_pool_whose_state_does_not_follow_gets_another_snapshot,
}
