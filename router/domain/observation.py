"""What was known when a decision was taken: journaled whole, so that the journal explains it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.domain.account import AccountSnapshot
from router.domain.market import AnyPoolSnapshot, BookSnapshot, PerpContext
from router.domain.price import SourcePrice
from router.domain.units import AccountId, Amount, InstrumentId, Price


@dataclass(frozen=True, slots=True)
class ChainGas:
    """Gas of one chain.

    Attributes
    ----------
    account : AccountId
        The account that pays.
    expected_fee_wei : int
        Base fee and tip of the next block, for one unit of gas.
    native_price : Price | None
        The coin in the quote asset, for weighing gas against slippage; None if no market tells it.
    """

    account: AccountId
    expected_fee_wei: int
    native_price: Price | None


@dataclass(frozen=True, slots=True)
class Volume:
    """What a market has traded since it is followed; grows, and starts anew with the process.

    Attributes
    ----------
    base : Amount
        Traded by anybody, ours included.
    run : str
        Since which start it counts; volumes of two runs do not compare.
    """

    instrument: InstrumentId
    base: Amount
    run: str


@dataclass(frozen=True, slots=True)
class Observation:
    """Fresh state of every market and account an order may touch."""

    pools: tuple[AnyPoolSnapshot, ...]
    books: tuple[BookSnapshot, ...]
    contexts: tuple[PerpContext, ...]
    accounts: tuple[AccountSnapshot, ...]
    gas: tuple[ChainGas, ...]
    prices: tuple[SourcePrice, ...] = ()  # beside those the markets themselves tell
    volumes: tuple[Volume, ...] = ()

    def account(self, account: AccountId) -> AccountSnapshot | None:
        """Return the snapshot of an account, or None where it was not observed."""
        return next((a for a in self.accounts if a.account == account), None)


@dataclass(frozen=True, slots=True)
class Survey:
    """All markets and accounts at one moment, as far as they can be had.

    Attributes
    ----------
    unreadable : Mapping[AccountId, str]
        Accounts that are missing, and why.
    stale : Mapping[InstrumentId, str]
        Markets that are missing, and why.
    """

    observation: Observation
    unreadable: Mapping[AccountId, str] = field(default_factory=dict)
    stale: Mapping[InstrumentId, str] = field(default_factory=dict)
