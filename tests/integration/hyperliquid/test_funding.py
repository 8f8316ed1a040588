"""Funding as the venue tells it, over a real socket, up to the alarm of the watch."""

from dataclasses import replace
from fractions import Fraction

import pytest
from aiohttp import ClientSession

from router import engine
from router.domain.command import RaiseAlarm
from router.domain.error import VenueError
from router.domain.event import EngineStarted
from router.domain.funding import FundingKind, FundingState
from router.domain.market import PerpContext
from router.port import TellsFunding
from router.shell.funding_poll import FundingPoll
from router.state.world import World
from tests.unit.engine.scene import LIMITS
from tests.unit.risk.funding_watch.series import RULES
from venues.hyperliquid.account.funding import CAP_PER_HOUR
from venues.hyperliquid.spec import VENUE

HOUR_NS = 3_600 * 10**9
PICO = 10**12


def of(samples, source, kind, asset="ETH"):
    return [s for s in samples if (s.source, s.kind, s.asset) == (source, kind, asset)]


def test_three_venues_are_told_by_the_hour_and_a_week_of_settlements_once(rehearse):
    async def scenario(desk):
        market = desk.sandbox.venue.markets["ETH"]
        oracle = market.oracle
        # Premiums of 1 % and -1 %: 0.95 % and -0.95 % in eight hours, less than a tick off.
        market.reference.perps = {"Binance": oracle * 101 // 100, "Bybit": oracle * 99 // 100}

        first = await desk.venue.read_funding()
        second = await desk.venue.read_funding()

        assert isinstance(desk.venue, TellsFunding)
        (own,) = of(first, VENUE, FundingKind.PREDICTED)
        (binance,) = of(first, "BinPerp", FundingKind.PREDICTED)
        (bybit,) = of(first, "BybitPerp", FundingKind.PREDICTED)
        assert (own.instrument, own.interval_s, own.cap_per_hour) == (
            "eth-perp",
            3_600,
            CAP_PER_HOUR,
        )
        assert (binance.instrument, binance.interval_s) == (None, 8 * 3_600)
        for told, rate in ((binance, Fraction(95, 10_000)), (bybit, Fraction(-95, 10_000))):
            assert abs(Fraction(told.rate_per_hour, PICO) - rate / 8) < Fraction(1, 10**6)
        settled = of(first, VENUE, FundingKind.REALISED)
        assert len(settled) in {167, 168, 169}
        assert {s.at % HOUR_NS for s in settled} == {0}
        assert of(first, VENUE, FundingKind.REALISED, "BTC")
        # Nothing was settled since, unless an hour struck in between.
        assert len(of(second, VENUE, FundingKind.REALISED)) <= 1
        assert len(of(second, VENUE, FundingKind.PREDICTED)) == 1

    rehearse(scenario)


def test_an_hour_later_what_was_settled_is_told_and_nothing_twice(rehearse):
    async def scenario(desk):
        first = of(await desk.venue.read_funding(), VENUE, FundingKind.REALISED)
        desk.clock.ahead_ns += HOUR_NS
        async with ClientSession() as door:
            body = {"command": "time", "advance_ms": 3_600_000}
            async with door.post(f"{desk.sandbox.url}/sandbox", json=body) as reply:
                assert reply.status == 200

        later = of(await desk.venue.read_funding(), VENUE, FundingKind.REALISED)

        # One hour, or two if one struck on the machine's own clock meanwhile; none again.
        expected = [first[-1].at + HOUR_NS, first[-1].at + 2 * HOUR_NS]
        assert [s.at for s in later] in (expected[:1], expected)

    rehearse(scenario)


def test_what_is_settled_on_is_the_oracle_that_the_stream_told(rehearse, record):
    async def scenario(desk):
        async def watch(tape):
            context = await tape.until(PerpContext, matching=lambda e: e.instrument == "eth-perp")
            samples = await desk.venue.read_funding()

            (own,) = of(samples, VENUE, FundingKind.PREDICTED)
            assert own.price.quote_atoms * 100 * 10**18 == (
                context.oracle_ticks * 10**6 * own.price.base_atoms
            )

        await record(desk.venue, watch)

    rehearse(scenario)


def test_a_venue_that_is_gone_is_an_error_that_the_poll_survives(close_venue, instruments):
    async def scenario(desk):
        with pytest.raises(VenueError, match="predictedFundings"):
            await desk.venue.read_funding()

        assert not await poll_of(desk, instruments, []).poll()

    close_venue(scenario)


def world_of(desk, instruments):
    limits = replace(LIMITS, funding=RULES)
    started = EngineStarted("journal", instruments, limits, "test", desk.clock.now())
    return engine.step(World(), started)[0]


def poll_of(desk, instruments, posted):
    world = world_of(desk, instruments)
    return FundingPoll((desk.venue,), clock=desk.clock, world=lambda: world, post=posted.append)


def test_a_spread_at_the_venue_raises_the_alarm_of_the_engine(rehearse, instruments):
    async def scenario(desk):
        market = desk.sandbox.venue.markets["ETH"]
        market.reference.perps = {
            "Binance": market.oracle * 101 // 100,
            "Bybit": market.oracle * 101 // 100,
        }
        posted = []

        assert await poll_of(desk, instruments, posted).poll()
        (event,) = posted
        world, commands = engine.step(world_of(desk, instruments), event)

        # The sandbox's own rate is its baseline; the others pay 0.95 % in eight hours.
        (alarm,) = [c.message for c in commands if isinstance(c, RaiseAlarm)]
        assert "funding of eth-perp is alarmed (was quiet): its spread of 8 h is -0.9" in alarm
        assert world.funding.standings["eth-perp"].state is FundingState.ALARMED
        assert world.funding.standings["btc-perp"].state is FundingState.QUIET

    rehearse(scenario)
