"""What the clauses measure: holdings before and after, and what a stream has told."""

from contextlib import suppress

from router.domain.error import InDoubtError
from router.domain.instrument import InstrumentKind
from router.domain.market import BookSnapshot, PerpContext, PoolSnapshot, ReservesSnapshot
from router.domain.order import TERMINAL
from router.domain.units import Side
from tests.contract.harness import Holdings, is_complete

POOL_SNAPSHOTS = (PoolSnapshot, ReservesSnapshot)
SNAPSHOTS = (*POOL_SNAPSHOTS, BookSnapshot, PerpContext)
ROUNDS_MAX = 20


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
    """Sign and submit a child, and follow it to its end."""
    signed = await harness.venue.sign(child)
    await harness.venue.submit(child, signed)
    return signed, await ended(harness, child, signed)


async def ended(harness, child, *attempts, venue=None):
    """Ask what became of a child until it has ended."""
    resolution = await _news(harness, child, attempts, venue=venue)
    assert resolution.status in TERMINAL, f"{resolution.wanted} was not expected to be wanted"
    return resolution


async def ended_anyhow(harness, child, *attempts):
    """Do what the engine does until a child has ended: replace what the venue wants replaced."""
    for _ in range(ROUNDS_MAX):
        resolution = await _news(harness, child, attempts)
        if resolution.status in TERMINAL:
            return attempts, resolution
        attempts = await replaced(harness, child, attempts, resolution.wanted)
    raise AssertionError(f"{child.id} has not ended: {resolution}")


async def replaced(harness, child, attempts, replacement):
    """Sign and submit another transaction of the child's nonce; return all of them."""
    another = await harness.venue.replace(child, attempts, replacement)
    await harness.venue.submit(child, another)
    return (*attempts, another)


# A node may be unable to tell while it makes a block: then it is asked again, as the engine does.
async def _news(harness, child, attempts, *, venue=None):
    resolution = None
    for _ in range(ROUNDS_MAX):
        with suppress(InDoubtError):
            resolution = await (venue or harness.venue).resolve(child, attempts)
            if resolution.status in TERMINAL or resolution.wanted is not None:
                return resolution
    raise AssertionError(f"there is no news of {child.id}: {resolution}")


def change(before, after):
    return Holdings(after.base_atoms - before.base_atoms, after.quote_atoms - before.quote_atoms)


def change_of_fills(child, fills):
    """Return what fills make of the holdings, to the atom."""
    base, notional, fee = (
        sum(getattr(fill, name).atoms for fill in fills) for name in ("quantity", "notional", "fee")
    )
    sign = 1 if child.side is Side.BUY else -1
    instrument = child.legs[0].instrument
    left = [sum(_residue(fill, asset.id) for fill in fills) for asset in _pair(instrument)]
    return Holdings(sign * base + left[0], -sign * notional - fee + left[1])


def traded_atoms(fills):
    return sum(fill.quantity.atoms for fill in fills)


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


def _pair(instrument):
    return instrument.base, instrument.quote


def _residue(fill, asset):
    return sum(amount.atoms for amount in fill.residue if amount.asset == asset)
