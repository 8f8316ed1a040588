"""Balances that accounts are assumed to have, for a plan that asks nobody what they have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from router.compose.assembly import Assembly
from router.domain.account import AccountSnapshot, Position
from router.domain.error import ConfigError
from router.domain.snapshot import ChainHead
from router.domain.units import NATIVE, AccountId, Amount, VenueId, parse_decimal
from router.port import VenueSetup

_COIN_ASSUMED: Final = 10**24  # wei: so that gas is never what is short


@dataclass(frozen=True, slots=True)
class Assumption:
    """What an account holds; at every venue where none is named."""

    venue: VenueId | None
    amount: Amount
    text: str


def parse_balances(assembly: Assembly, words: Sequence[str]) -> tuple[Assumption, ...]:
    """Read words such as ``USDC=1000000`` or ``hyperliquid:USDC=45000``.

    Raises
    ------
    ConfigError
        Naming the word and the remedy.
    """
    if not words:
        for setup in assembly.setups:
            if not setup.has_account:
                raise ConfigError(
                    f"{assembly.config.path}: {setup.venue.id}.account: missing; add it, or say"
                    " what accounts are to be assumed to hold, as in --balance USDC=1000000"
                )
    return tuple(_parsed(assembly, word) for word in words)


def assumed_accounts(
    assembly: Assembly, balances: Sequence[Assumption], heads: Sequence[ChainHead]
) -> tuple[AccountSnapshot, ...]:
    """Return the accounts as they are assumed to be: what is not named is nothing."""
    at = {head.account: head for head in heads}
    return tuple(
        _account(assembly, setup, balances, head=at.get(setup.venue.account))
        for setup in assembly.setups
        if balances
    )


def assumed_sentences(balances: Sequence[Assumption]) -> tuple[str, ...]:
    """Say what was assumed."""
    if not balances:
        return ()
    told = ", ".join(one.text for one in balances)
    return (f"no account was read: balances are assumed ({told}), no positions, and coin for gas",)


def _parsed(assembly: Assembly, word: str) -> Assumption:
    name, equals, quantity = word.partition("=")
    venue, _, asset = name.rpartition(":")
    known = assembly.config.assets
    if not equals or asset not in known:
        raise ConfigError(f"balance {word!r}: write ASSET=QUANTITY with one of {', '.join(known)}")
    if venue and venue not in assembly.venues:
        names = ", ".join(assembly.venues)
        raise ConfigError(f"balance {word!r}: {venue} is not configured; use one of {names}")
    try:
        atoms = parse_decimal(quantity, known[asset].decimals)
    except ValueError as error:
        raise ConfigError(f"balance {word!r}: {error}") from None
    if atoms < 0:
        raise ConfigError(f"balance {word!r}: must not be negative")
    return Assumption(VenueId(venue) if venue else None, Amount(known[asset].id, atoms), word)


def _account(
    assembly: Assembly,
    setup: VenueSetup,
    balances: Sequence[Assumption],
    *,
    head: ChainHead | None,
) -> AccountSnapshot:
    venue = setup.venue
    held = tuple(b.amount for b in balances if b.venue in {None, venue.id})
    if setup.native is not None:
        return AccountSnapshot(
            account=venue.account,
            balances=(*held, Amount(NATIVE, _COIN_ASSUMED)),
            spendable=held,
            positions=(),
            equity_atoms=0,
            margin_used_atoms=0,
            next_nonce=0,
            block=None if head is None else head.block,
            received_at=assembly.clock.now(),
        )
    collateral = _collateral(setup, venue.account)
    cash = tuple(a for a in held if a.asset in collateral)
    return AccountSnapshot(
        account=venue.account,
        balances=cash,
        spendable=cash,
        positions=tuple(Position(i.id, 0, setup.leverage.get(i.id, 1)) for i in setup.instruments),
        equity_atoms=sum(a.atoms for a in cash),
        margin_used_atoms=0,
        next_nonce=None,
        block=None,
        received_at=assembly.clock.now(),
        at_venue=assembly.clock.now(),
    )


def _collateral(setup: VenueSetup, account: AccountId) -> frozenset[str]:
    def quotes() -> Iterator[str]:
        yield from (i.quote.id for i in setup.instruments if i.account == account)

    return frozenset(quotes())
