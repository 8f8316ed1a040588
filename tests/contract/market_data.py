"""V-DATA: what a venue tells of markets."""

from tests.contract.harness import streaming
from tests.contract.measure import SNAPSHOTS, settled, told_of_first


async def check_a_stream_begins_with_a_snapshot_of_every_market(harness):
    async with streaming(harness) as tape:
        await settled(harness, tape)

    first = told_of_first(tape.events)
    assert set(first) == {instrument.id for instrument in harness.instruments}
    assert set(first.values()) <= set(SNAPSHOTS)
    assert not tape.losses()


async def check_changes_follow_the_snapshot(harness):
    async with streaming(harness) as tape:
        await settled(harness, tape)
        before = harness.truth()
        harness.move_market()
        assert harness.truth() != before
        await settled(harness, tape)

    assert not tape.losses()


async def check_a_cut_stream_says_so_and_begins_again_with_snapshots(harness):
    async with streaming(harness) as tape:
        await settled(harness, tape)
        mark = len(tape.events)
        harness.cut()
        harness.move_market()
        await tape.until(lambda: tape.losses(mark))
        await settled(harness, tape)

    lost = tape.events.index(tape.losses(mark)[-1])
    first = told_of_first(tape.events[lost:])
    assert set(first) == {instrument.id for instrument in harness.instruments}
    assert set(first.values()) <= set(SNAPSHOTS)
    assert all(e.venue == harness.venue.id and e.reason for e in tape.losses())


async def check_a_fee_that_changes_without_a_word_is_told(harness):
    async with streaming(harness) as tape:
        await settled(harness, tape)
        before = harness.truth()
        harness.change_fee()
        assert harness.truth() != before
        await settled(harness, tape)

    assert not tape.losses()


async def check_a_stream_that_falls_silent_is_a_loss(harness):
    async with streaming(harness) as tape:
        await settled(harness, tape)
        mark = len(tape.events)
        harness.mute(on=True)
        await tape.until(lambda: tape.losses(mark))
        harness.mute(on=False)
        await settled(harness, tape)


DATA = {
    "V-DATA-10": check_a_stream_begins_with_a_snapshot_of_every_market,
    "V-DATA-20": check_changes_follow_the_snapshot,
    "V-DATA-30": check_a_cut_stream_says_so_and_begins_again_with_snapshots,
    "V-DATA-40": check_a_stream_that_falls_silent_is_a_loss,
    "V-DATA-60": check_a_fee_that_changes_without_a_word_is_told,
}
