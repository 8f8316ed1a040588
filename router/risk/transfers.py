"""Which perp account is short of collateral in its worst scenario, and what would make it whole.

Suggests only: nothing here moves anything. Nothing is taken of an account that its own worst
scenario would need, and nothing is said of one that could not be assessed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.account import AccountMode, AccountSnapshot
from router.domain.instrument import Instrument
from router.domain.observation import Survey
from router.domain.units import AccountId, Amount, AssetId
from router.risk.report import AccountRisk

_PLACES: Final = ("spot", "perp", "chain")  # nearest first
_NOW: Final = "no scenario"
_Key: TypeAlias = tuple[AccountId, str, AssetId]


@dataclass(frozen=True, slots=True)
class Source:
    """What could be taken from where.

    Attributes
    ----------
    place : str
        "spot" of the same account, "perp" of another account, or "chain".
    """

    account: AccountId
    place: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An account that is short, and who could help it.

    Attributes
    ----------
    short : Amount
        What is missing in the scenario.
    sources : tuple of Source
        Nearest first; each is taken only for what those before it do not cover.
    missing : Amount
        What no account of the desk has to spare.
    """

    account: AccountId
    scenario: str
    short: Amount
    sources: tuple[Source, ...]
    missing: Amount


def suggestions(
    accounts: Iterable[AccountRisk], survey: Survey, instruments: Iterable[Instrument]
) -> tuple[Suggestion, ...]:
    """Return what would make the accounts that are short whole; those most short come first.

    What one of them is offered is offered to no other.
    """
    known = tuple(account for account in accounts if not account.found.unknown)
    decimals = {i.quote.id: i.quote.decimals for i in instruments}
    spare = dict(_spare(known, survey, decimals))
    short = sorted((a for a in known if _room(a) < 0), key=_room)
    return tuple(_suggestion(account, spare) for account in short)


def _suggestion(risk: AccountRisk, spare: dict[_Key, int]) -> Suggestion:
    account, asset = risk.found.account, risk.collateral
    worst, left, sources = risk.found.worst, -_room(risk), []
    for key in _nearest(account, asset, spare):
        taken = min(left, spare[key])
        if taken > 0:
            sources.append(Source(key[0], key[1], Amount(asset, taken)))
            spare[key] -= taken
            left -= taken
    return Suggestion(
        account=account,
        scenario=_NOW if worst is None else worst.scenario,
        short=Amount(asset, -_room(risk)),
        sources=tuple(sources),
        missing=Amount(asset, left),
    )


# Its own spot first: that move stays inside the venue. Then accounts of perps, then chains.
def _nearest(account: AccountId, asset: AssetId, spare: Iterable[_Key]) -> list[_Key]:
    usable = [key for key in spare if key[2] == asset and key[:2] != (account, "perp")]
    return sorted(usable, key=lambda key: (key[0] != account, _PLACES.index(key[1]), key[0]))


def _spare(
    accounts: Iterable[AccountRisk], survey: Survey, decimals: Mapping[AssetId, int]
) -> Iterator[tuple[_Key, int]]:
    for risk in accounts:
        free = min(risk.withdrawable_atoms, _room(risk))
        yield (risk.found.account, "perp", risk.collateral), max(0, free)
    for snapshot in survey.observation.accounts:
        if snapshot.mode is AccountMode.STANDARD:  # otherwise spot is counted as collateral
            yield from _of_spot(snapshot, decimals)
        if snapshot.block is not None:
            for amount in snapshot.balances:
                yield (snapshot.account, "chain", amount.asset), max(0, amount.atoms)


# Its venue counts spot in decimals of its own; what does not fit is rounded down.
def _of_spot(
    snapshot: AccountSnapshot, decimals: Mapping[AssetId, int]
) -> Iterator[tuple[_Key, int]]:
    for held in snapshot.spot:
        if held.asset in decimals:
            free = max(0, held.atoms - held.held_atoms)
            atoms = free * 10 ** decimals[held.asset] // 10**held.decimals
            yield (snapshot.account, "spot", held.asset), atoms


# Room in the worst scenario; where none is asked, what maintenance leaves now.
def _room(risk: AccountRisk) -> int:
    worst = risk.found.worst
    if worst is not None:
        return worst.room_atoms
    return risk.found.equity_atoms - risk.found.maintenance_atoms
