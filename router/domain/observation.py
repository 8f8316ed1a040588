"""What was known when a decision was taken: journaled whole, so that the journal explains it."""

from dataclasses import dataclass

from router.domain.account import AccountSnapshot
from router.domain.market import AnyPoolSnapshot, BookSnapshot, PerpContext
from router.domain.units import AccountId, Price


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
class Observation:
    """Fresh state of every market and account an order may touch."""

    pools: tuple[AnyPoolSnapshot, ...]
    books: tuple[BookSnapshot, ...]
    contexts: tuple[PerpContext, ...]
    accounts: tuple[AccountSnapshot, ...]
    gas: tuple[ChainGas, ...]

    def account(self, account: AccountId) -> AccountSnapshot | None:
        """Return the snapshot of an account, or None where it was not observed."""
        return next((a for a in self.accounts if a.account == account), None)
