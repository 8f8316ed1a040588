"""Market data over a real socket: snapshots, losses, and coming back."""

import asyncio
from dataclasses import replace
from fractions import Fraction

from router.domain.market import BookSnapshot, PerpContext, StreamLost
from router.domain.units import NS_PER_S, DurationNs
from venues.sandbox.hyperliquid.answers import book as books


def is_eth(event):
    return event.instrument == "eth-perp"


def test_every_instrument_is_told_from_the_start(rehearse, record):
    async def scenario(desk):
        async def watch(tape):
            for instrument in ("eth-perp", "btc-perp"):
                for kind in (BookSnapshot, PerpContext):
                    await tape.until(kind, matching=lambda e, i=instrument: e.instrument == i)

        await record(desk.venue, watch)

    rehearse(scenario)


def test_margin_tiers_come_from_the_venues_tables(rehearse, record):
    async def scenario(desk):
        async def watch(tape):
            context = await tape.until(PerpContext, matching=is_eth)
            table = desk.sandbox.venue.markets["ETH"].spec.margin_table
            assert [(t.above_atoms, t.leverage_max) for t in context.tiers] == [
                (tier.lower_bound_usd * 10**6, tier.max_leverage) for tier in table.tiers
            ]
            assert [t.maintenance for t in context.tiers] == [20_000_000_000, 33_333_333_334]

        await record(desk.venue, watch)

    rehearse(scenario)


def test_a_book_is_the_venues_own_to_the_tick_and_lot(rehearse, record):
    async def scenario(desk):
        async def watch(tape):
            book = await tape.until(BookSnapshot, matching=is_eth)
            market = desk.sandbox.venue.markets["ETH"]
            for levels, is_buy in ((book.bids, True), (book.asks, False)):
                depth = [(price, size) for price, size, _ in books.levels(market, is_buy=is_buy)]
                assert levels == tuple(depth[:20])

        await record(desk.venue, watch)

    rehearse(scenario)


def test_a_moved_market_is_told(rehearse, record):
    async def scenario(desk):
        async def watch(tape):
            first = await tape.until(BookSnapshot, matching=is_eth)
            desk.sandbox.venue.shift_mid("ETH", 50)
            desk.sandbox.venue.set_oracle("ETH", "3010.55")
            desk.sandbox.venue.set_funding_rate("ETH", Fraction("-0.0001"))
            desk.sandbox.publish()

            await tape.until(
                BookSnapshot, matching=lambda e: is_eth(e) and e.bids[0][0] > first.asks[0][0]
            )
            context = await tape.until(
                PerpContext, matching=lambda e: is_eth(e) and e.oracle_ticks == 301_055
            )
            assert context.funding_rate_per_hour == -100_000_000
            assert context.mark_ticks == desk.sandbox.venue.markets["ETH"].mark()

        await record(desk.venue, watch)

    rehearse(scenario)


def test_a_cut_connection_is_a_loss_and_then_fresh_snapshots(rehearse, record):
    async def scenario(desk):
        async def watch(tape):
            await tape.until(BookSnapshot, matching=is_eth)
            desk.sandbox.drop_connections()

            lost = await tape.until(StreamLost)
            index = tape.events.index(lost)
            fresh = await tape.until(BookSnapshot, since=index, matching=is_eth)
            await tape.until(PerpContext, since=index, matching=is_eth)
            assert fresh.received_at > lost.received_at

        await record(desk.venue, watch)

    rehearse(scenario)


def test_a_connection_that_falls_silent_is_a_loss(rehearse, record):
    async def scenario(desk):
        async def watch(tape):
            await tape.until(BookSnapshot, matching=is_eth)
            desk.sandbox.faults.streams_muted = True

            lost = await tape.until(StreamLost)
            desk.sandbox.faults.streams_muted = False
            await tape.until(BookSnapshot, since=tape.events.index(lost), matching=is_eth)
            assert lost.reason.startswith("no ")

        await record(desk.venue, watch)

    rehearse(scenario)


def test_books_stay_fresh_by_asking_while_the_venue_publishes_nothing(rehearse, record):
    async def scenario(desk):
        async def watch(tape):
            desk.sandbox.faults.publishing_stopped = True
            first = await tape.until(BookSnapshot, matching=is_eth)
            silence_max = 1_000_000_000

            await tape.until(
                BookSnapshot,
                matching=lambda e: is_eth(e) and e.received_at > first.received_at + silence_max,
            )
            assert not [e for e in tape.events if isinstance(e, StreamLost)]

        await record(desk.venue, watch)

    rehearse(scenario)


def test_an_unreachable_stream_is_a_loss_every_time(rehearse, record):
    async def scenario(desk):
        async def watch(tape):
            first = await tape.until(StreamLost)
            await tape.until(StreamLost, since=tape.events.index(first) + 1)

        await record(desk.venue, watch)

    rehearse(scenario, ws_url="ws://127.0.0.1:1/ws")


def test_the_stream_wakes_a_waiting_resolve(rehearse, record, quick):
    async def scenario(desk):
        async def watch(tape):
            await tape.until(BookSnapshot, matching=is_eth)
            child = desk.child(lots=200_000, ticks=301_000)
            signed = await desk.venue.sign(child)
            await desk.venue.submit(child, signed)
            withheld = desk.truth.fills.pop()
            waiting = asyncio.create_task(desk.venue.resolve(child, (signed,)))
            done, _ = await asyncio.wait([waiting], timeout=0.3)
            assert not done

            desk.truth.fills.append(withheld)
            desk.sandbox.drop_connections()  # after which anything may have been missed

            async with asyncio.timeout(20):
                resolution = await waiting
            assert sum(f.quantity.atoms for f in resolution.fills) == 200_000 * 10**14

        await record(desk.venue, watch)

    minute = DurationNs(60 * NS_PER_S)
    rehearse(scenario, timing=replace(quick, resolve_poll=minute, resolve_wait=minute))
