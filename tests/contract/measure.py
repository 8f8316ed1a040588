"""What the clauses measure: holdings before and after, and what a stream has told."""

from router.domain.instrument import InstrumentKind
from router.domain.market import BookSnapshot, PerpContext, PoolSnapshot
from router.domain.units import Side
from tests.contract.harness import Holdings, is_complete

SNAPSHOTS = (PoolSnapshot, BookSnapshot, PerpContext)


def told_of_first(events):
    """Return the kind of the first event about every instrument."""
    first = {}
    for event in events:
        if hasattr(event, "instrument"):
            first.setdefault(event.instrument, type(event))
    return first


async def settled(harness, tape):
    """Wait until the stream has told all there is, and told it right."""
    await tape.until(lambda: is_complete(harness, tape))
    await tape.until(lambda: harness.seen(tape.view) == harness.truth())


async def done(harness, child):
    """Sign, submit and resolve a child."""
    signed = await harness.venue.sign(child)
    await harness.venue.submit(child, signed)
    return signed, await harness.venue.resolve(child, signed)


def change(before, after):
    return Holdings(after.base_atoms - before.base_atoms, after.quote_atoms - before.quote_atoms)


def change_of_fills(child, fills):
    """Return what fills make of the holdings, to the atom."""
    base, notional, fee = (
        sum(getattr(fill, name).atoms for fill in fills) for name in ("quantity", "notional", "fee")
    )
    sign = 1 if child.side is Side.BUY else -1
    return Holdings(sign * base, -sign * notional - fee)


def asked_atoms(child):
    return sum(leg.quantity.atoms for leg in child.legs)


def holdings_told(harness, account):
    """Return the holdings as the venue's account snapshot has them."""
    traded = harness.traded
    if traded.kind is InstrumentKind.PERP_BOOK:
        base = account.position_lots(traded.id) * traded.lot_atoms
    else:
        base = account.balance(traded.base.id)
    return Holdings(base, account.balance(traded.quote.id))
