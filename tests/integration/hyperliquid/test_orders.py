"""Orders through the adapter against a venue that keeps its own books."""

from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.error import InDoubtError, NotSentError, RejectedError, VenueError
from router.domain.order import OrderStatus
from router.domain.units import NS_PER_S, Side
from venues.sandbox.hyperliquid.service.faults import ReplyLoss

ABOVE, BELOW = 301_000, 299_000  # the mid is 3000.00


def totals(fills):
    return (
        sum(f.quantity.atoms for f in fills) // 10**14,
        sum(f.notional.atoms for f in fills),
        sum(f.fee.atoms for f in fills),
    )


@pytest.mark.parametrize(("side", "ticks", "sign"), [(Side.BUY, ABOVE, 1), (Side.SELL, BELOW, -1)])
def test_cash_and_position_change_by_exactly_the_fills_and_fees(side, ticks, sign, rehearse):
    async def scenario(desk):
        eth = (child := desk.child(lots=500_000, ticks=ticks, side=side)).legs[0].instrument
        before = await desk.venue.read_account()
        signed = await desk.venue.sign(child)

        await desk.venue.submit(child, signed)
        resolution = await desk.venue.resolve(child, (signed,))

        after = await desk.venue.read_account()
        lots, notional, fee = totals(resolution.fills)
        assert resolution.status is OrderStatus.FILLED
        assert len(resolution.fills) > 1
        assert len({f.id for f in resolution.fills}) == len(resolution.fills)
        assert lots == 500_000
        assert fee > 0
        usdc = eth.quote.id
        assert after.balance(usdc) - before.balance(usdc) == -sign * notional - fee
        assert after.position_lots(eth.id) - before.position_lots(eth.id) == sign * lots
        assert after.margin_used_atoms > before.margin_used_atoms == 0
        assert (desk.truth.cash, desk.truth.positions["ETH"].size) == (
            after.balance(usdc),
            after.position_lots(eth.id),
        )

    rehearse(scenario)


@pytest.mark.parametrize("rate", ["0.0001", "-0.0001"])
def test_the_funding_told_is_what_the_cash_moved_by(rate, rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)
        await desk.venue.submit(child, signed)
        await desk.venue.resolve(child, (signed,))
        desk.sandbox.venue.set_funding_rate("ETH", Fraction(rate))
        before = await desk.venue.read_account()

        hours_later_ms = before.at_venue // 1_000_000 + 2 * 3_600_000
        desk.sandbox.venue.clock = lambda: hours_later_ms
        after = await desk.venue.read_account()

        usdc = child.legs[0].instrument.quote.id
        told = [p for p in after.funding if before.at_venue < p.at_venue <= after.at_venue]
        assert len(told) == 2
        moved = after.balance(usdc) - before.balance(usdc)
        assert sum(p.amount.atoms for p in told) == moved
        assert (moved < 0) is (rate[0] != "-")

    rehearse(scenario)


def test_the_rest_of_a_partly_filled_order_is_canceled(rehearse):
    async def scenario(desk):
        child = desk.child(lots=500_000, ticks=300_030)
        signed = await desk.venue.sign(child)

        await desk.venue.submit(child, signed)
        resolution = await desk.venue.resolve(child, (signed,))

        lots, notional, fee = totals(resolution.fills)
        assert resolution.status is OrderStatus.CANCELED
        assert 0 < lots < 500_000
        assert desk.truth.positions["ETH"].size == lots
        assert desk.truth.cash == 2_000_000_000_000 - notional - fee

    rehearse(scenario)


@pytest.mark.parametrize("loss", list(ReplyLoss))
def test_a_swallowed_reply_is_in_doubt_and_resolving_tells_the_truth(loss, rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)
        desk.sandbox.faults.reply_loss = loss
        desk.sandbox.faults.replies_to_swallow = 1

        with pytest.raises(InDoubtError):
            await desk.venue.submit(child, signed)
        resolution = await desk.venue.resolve(child, (signed,))

        assert resolution.status is OrderStatus.FILLED
        assert totals(resolution.fills)[0] == desk.truth.positions["ETH"].size == 10_000

    rehearse(scenario)


def test_the_same_bytes_sent_again_have_no_second_effect(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)
        await desk.venue.submit(child, signed)
        cash, fills = desk.truth.cash, len(desk.truth.fills)

        await desk.venue.submit(child, signed)
        resolution = await desk.venue.resolve(child, (signed,))

        assert resolution.status is OrderStatus.FILLED
        assert (desk.truth.cash, len(desk.truth.fills)) == (cash, fills)
        assert desk.truth.positions["ETH"].size == 10_000

    rehearse(scenario)


def test_resolving_twice_gives_the_same_fills(rehearse):
    async def scenario(desk):
        child = desk.child(lots=200_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)
        await desk.venue.submit(child, signed)

        first = await desk.venue.resolve(child, (signed,))
        second = await desk.venue.resolve(child, (signed,))

        assert first == second

    rehearse(scenario)


def test_what_was_refused_by_the_server_is_in_doubt_and_resolving_sends_it_once(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)
        desk.sandbox.faults.actions_to_refuse = 1

        with pytest.raises(InDoubtError, match="HTTP 500"):
            await desk.venue.submit(child, signed)
        assert desk.truth.fills == []
        resolution = await desk.venue.resolve(child, (signed,))

        assert resolution.status is OrderStatus.FILLED
        assert desk.truth.positions["ETH"].size == 10_000

    rehearse(scenario)


def test_an_order_never_sent_is_sent_by_resolving_and_a_refusal_of_it_is_final(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=BELOW)
        signed = await desk.venue.sign(child)

        resolution = await desk.venue.resolve(child, (signed,))

        assert resolution.status is OrderStatus.REJECTED
        assert "could not immediately match" in resolution.reason
        assert desk.truth.fills == []

    rehearse(scenario)


def test_an_unknown_order_expires_after_its_deadline_and_is_not_sent_any_more(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)

        desk.clock.ahead_ns = 11 * NS_PER_S  # after the deadline, within the margin
        within_margin = await desk.venue.resolve(child, (signed,))
        desk.clock.ahead_ns = 16 * NS_PER_S
        after_margin = await desk.venue.resolve(child, (signed,))

        assert within_margin.status is OrderStatus.IN_DOUBT
        assert after_margin.status is OrderStatus.EXPIRED
        assert desk.truth.fills == []

    rehearse(scenario)


def test_an_order_refused_for_its_content_behind_a_lost_reply_stays_in_doubt_until_expiry(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=10**8)  # far beyond the venue's price band
        signed = await desk.venue.sign(child)
        desk.sandbox.faults.replies_to_swallow = 1

        with pytest.raises(InDoubtError):
            await desk.venue.submit(child, signed)
        early = await desk.venue.resolve(child, (signed,))
        desk.clock.ahead_ns = 16 * NS_PER_S
        late = await desk.venue.resolve(child, (signed,))

        assert early.status is OrderStatus.IN_DOUBT
        assert late.status is OrderStatus.EXPIRED

    rehearse(scenario)


def test_an_order_that_can_be_neither_sent_nor_ruled_out_stays_in_doubt(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)
        agents = dict(desk.sandbox.venue.agents)
        desk.sandbox.venue.agents.clear()  # so that nothing of ours is taken, a noop neither

        early = await desk.venue.resolve(child, (signed,))
        desk.sandbox.venue.agents.update(agents)
        late = await desk.venue.resolve(child, (signed,))

        assert early.status is OrderStatus.IN_DOUBT
        assert late.status is OrderStatus.FILLED
        assert desk.truth.positions["ETH"].size == 10_000

    rehearse(scenario)


def test_the_nonce_of_an_order_refused_behind_a_lost_reply_is_used_up(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=10**8)  # far beyond the venue's price band
        signed = await desk.venue.sign(child)
        desk.sandbox.faults.replies_to_swallow = 1
        with pytest.raises(InDoubtError):
            await desk.venue.submit(child, signed)

        await desk.venue.resolve(child, (signed,))
        desk.clock.ahead_ns = 4 * NS_PER_S  # long before the deadline
        late = await desk.venue.resolve(child, (signed,))

        assert late.status is OrderStatus.EXPIRED
        assert "its nonce is used up" in late.reason

    rehearse(scenario)


@pytest.mark.parametrize(
    ("lots", "ticks", "words"),
    [
        (10_000, BELOW, "could not immediately match"),
        (99_000_000, ABOVE, "Insufficient margin"),
        (10_000, 10**8, "80%"),
    ],
)
def test_a_refused_order_is_rejected_in_the_venues_words(lots, ticks, words, rehearse):
    async def scenario(desk):
        child = desk.child(lots=lots, ticks=ticks)
        signed = await desk.venue.sign(child)

        with pytest.raises(RejectedError, match=words):
            await desk.venue.submit(child, signed)
        assert desk.truth.fills == []

    rehearse(scenario)


def test_a_refused_order_that_has_an_id_resolves_as_rejected(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=BELOW)
        signed = await desk.venue.sign(child)
        desk.sandbox.faults.replies_to_swallow = 1

        with pytest.raises(InDoubtError):
            await desk.venue.submit(child, signed)
        resolution = await desk.venue.resolve(child, (signed,))

        assert (resolution.status, resolution.reason) == (
            OrderStatus.REJECTED,
            "iocCancelRejected",
        )

    rehearse(scenario)


def test_a_request_refused_as_a_whole_is_rejected(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)
        desk.sandbox.venue.agents.clear()

        with pytest.raises(RejectedError, match="does not exist"):
            await desk.venue.submit(child, signed)

    rehearse(scenario)


def test_a_refusal_of_a_second_copy_does_not_reject_the_first(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)
        await desk.venue.submit(child, signed)
        desk.sandbox.venue.agents.clear()  # now the venue refuses these bytes for another reason

        await desk.venue.submit(child, signed)

        assert (await desk.venue.resolve(child, (signed,))).status is OrderStatus.FILLED

    rehearse(scenario)


def test_the_venue_itself_refuses_an_order_after_its_deadline(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)
        deadline_ms = child.deadline_at // 1_000_000
        desk.sandbox.venue.clock = lambda: deadline_ms + 1

        with pytest.raises(RejectedError, match="expired"):
            await desk.venue.submit(child, signed)
        assert desk.truth.fills == []

    rehearse(scenario)


def test_an_order_that_breaks_a_rule_of_the_venue_is_not_signed(rehearse):
    async def scenario(desk):
        good = desk.child(lots=10_000, ticks=ABOVE)
        leg = good.legs[0]
        fine_price = replace(good, legs=(replace(leg, limit_ticks=300_015),))
        no_price = replace(good, legs=(replace(leg, limit_ticks=None),))
        stranger = replace(leg.instrument, id="sol-perp")
        broken = [
            (fine_price, "5 significant figures, was 3000.15"),
            (no_price, "limit_ticks"),
            (replace(good, legs=(leg, leg)), "exactly one leg"),
            (desk.child(lots=0, ticks=ABOVE), "whole lots"),
            (replace(good, legs=(replace(leg, instrument=stranger),)), "not an instrument"),
            (replace(good, deadline_at=desk.clock.now()), "deadline"),
        ]

        for child, words in broken:
            with pytest.raises(NotSentError, match=words):
                await desk.venue.sign(child)

    rehearse(scenario)


def test_fills_that_do_not_add_up_keep_an_order_in_doubt(rehearse):
    async def scenario(desk):
        child = desk.child(lots=200_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)
        await desk.venue.submit(child, signed)
        withheld = desk.truth.fills.pop()

        early = await desk.venue.resolve(child, (signed,))
        desk.truth.fills.append(withheld)
        late = await desk.venue.resolve(child, (signed,))

        assert early.status is OrderStatus.IN_DOUBT
        assert 0 < totals(early.fills)[0] < 200_000
        assert late.status is OrderStatus.FILLED
        assert totals(late.fills)[0] == 200_000

    rehearse(scenario)


def test_an_order_signed_twice_is_the_same_bytes(rehearse):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)

        assert await desk.venue.sign(child) == await desk.venue.sign(child)

    rehearse(scenario)


def test_a_venue_that_is_gone_cannot_be_asked_and_was_sent_nothing(close_venue):
    async def scenario(desk):
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)

        # The first request may still find the old connection; what it wrote there is in doubt.
        with pytest.raises(VenueError):
            await desk.venue.read_account()
        with pytest.raises(NotSentError):
            await desk.venue.submit(child, signed)
        with pytest.raises(VenueError):
            await desk.venue.resolve(child, (signed,))

    close_venue(scenario)
