"""V-ACCT: what the account has."""

from fractions import Fraction

from router.domain.order import TimeInForce
from router.domain.units import Side
from tests.contract.measure import (
    asked_atoms,
    change,
    change_of_fills,
    done,
    holdings_told,
    traded_atoms,
)


async def check_the_account_is_what_the_counterparty_says(harness):
    for side in Side:
        account = await harness.venue.read_account()
        assert account.account == harness.venue.account
        assert holdings_told(harness, account) == harness.holdings()

        await done(harness, await harness.child(side))

    account = await harness.venue.read_account()
    assert holdings_told(harness, account) == harness.holdings()


async def check_fills_add_up_to_what_the_account_gained_and_lost(harness):
    for side in Side:
        child = await harness.child(side)
        before = harness.holdings()

        _, resolution = await done(harness, child)

        assert traded_atoms(resolution.fills) == asked_atoms(child)
        assert change(before, harness.holdings()) == change_of_fills(child, resolution.fills)


async def check_a_position_takes_margin_and_gives_it_back(harness):
    flat = await harness.venue.read_account()
    await done(harness, await harness.child(Side.BUY))
    held = await harness.venue.read_account()
    await done(harness, await harness.child(Side.SELL))
    flat_again = await harness.venue.read_account()

    used = [account.margin_used_atoms for account in (flat, held, flat_again)]
    assert used[0] == used[2] == 0 < used[1] < held.equity_atoms
    assert held.leverage(harness.traded.id)
    assert flat_again.equity_atoms == flat_again.balance(harness.traded.quote.id)


async def check_funding_is_told_and_explains_what_cash_did(harness):
    quote = harness.traded.quote.id
    await done(harness, await harness.child(Side.BUY))
    before = await harness.venue.read_account()
    assert before.funding == ()

    for rate, is_received in ((Fraction(1, 10_000), False), (Fraction(-1, 5_000), True)):
        harness.settle_funding(rate)
        after = await harness.venue.read_account()

        payment = after.funding[-1]
        assert (payment.amount.atoms > 0) is is_received
        assert before.at_venue < payment.at_venue <= after.at_venue
        assert after.balance(quote) - before.balance(quote) == payment.amount.atoms
        assert len(after.funding) == len(before.funding) + 1
        assert holdings_told(harness, after) == harness.holdings()
        before = after


async def check_what_came_in_and_went_out_is_told_as_transfers(harness):
    quote = harness.traded.quote.id
    before = await harness.venue.read_account()
    known = {transfer.id for transfer in before.transfers}

    for atoms in (3_000_000, -1_250_000):
        await harness.transfer(atoms)
        after = await harness.venue.read_account()

        (transfer,) = (t for t in after.transfers if t.id not in known)
        assert (transfer.amount.asset, transfer.amount.atoms) == (quote, atoms)
        assert transfer.detail
        assert after.balance(quote) - before.balance(quote) == atoms
        again = await harness.venue.read_account()
        assert again.transfers == after.transfers
        known.add(transfer.id)
        before = after


async def check_orders_and_fills_are_told_by_the_names_they_were_given(harness):
    account = await harness.venue.read_account()
    assert (account.orders, account.fills) == ((), ())
    child = await harness.child(Side.BUY)
    signed, resolution = await done(harness, child)
    waiting = await harness.waiting_child(Side.BUY, TimeInForce.POST_ONLY)
    waits = await harness.venue.sign(waiting)
    await harness.venue.submit(waiting, waits)

    successor = harness.build()  # which was told nothing yet, and must ask
    await successor.start()
    account = await successor.read_account()

    told, resolved = ({fill.id for fill in each.fills} for each in (account, resolution))
    assert told == resolved
    assert len(account.fills) == len(told)
    assert {fill.reference for fill in account.fills} == {signed.reference}
    assert sum(fill.lots for fill in account.fills) == account.position_lots(harness.traded.id)
    (order,) = account.orders
    leg = waiting.legs[0]
    assert (order.reference, order.instrument) == (waits.reference, harness.traded.id)
    assert (order.side, order.limit_ticks) == (waiting.side, leg.limit_ticks)
    assert order.lots_left * harness.traded.lot_atoms == leg.quantity.atoms


ACCOUNTS = {
    "V-ACCT-10": check_the_account_is_what_the_counterparty_says,
    "V-ACCT-20": check_fills_add_up_to_what_the_account_gained_and_lost,
    "V-ACCT-30": check_a_position_takes_margin_and_gives_it_back,
    "V-ACCT-40": check_funding_is_told_and_explains_what_cash_did,
    "V-ACCT-50": check_what_came_in_and_went_out_is_told_as_transfers,
    "V-ACCT-60": check_orders_and_fills_are_told_by_the_names_they_were_given,
}
