"""What we own and owe at a venue or on a chain, as the venue says it."""

import enum
from dataclasses import dataclass

from router.domain.margin import HeldPosition
from router.domain.market import BlockRef
from router.domain.units import AccountId, Amount, AssetId, InstrumentId, Side, TimestampNs


@dataclass(frozen=True, slots=True)
class Position:
    """A signed perpetual position.

    Attributes
    ----------
    lots : int
        Signed, in the instrument's lots; negative is short.
    leverage : int
        Chosen by the account; initial margin is notional over leverage.
    """

    instrument: InstrumentId
    lots: int
    leverage: int


@dataclass(frozen=True, slots=True)
class MarkedPosition:
    """A position at its mark, as the venue values it.

    Attributes
    ----------
    instrument : InstrumentId
        Also of one that is not configured.
    """

    instrument: InstrumentId
    held: HeldPosition


@dataclass(frozen=True, slots=True)
class IsolatedPosition:
    """A position with margin of its own: it draws on no other equity, and none draws on its.

    Attributes
    ----------
    cash_atoms : int
        Its signed cash leg: the margin in it, less what the position cost.
    """

    instrument: InstrumentId
    held: HeldPosition
    cash_atoms: int


@dataclass(frozen=True, slots=True)
class SpotHolding:
    """Spot of an asset that a perp venue keeps for the account.

    Attributes
    ----------
    atoms, held_atoms : int
        All of it, and what open orders bind of it; counted in 10**-`decimals`.
    """

    asset: AssetId
    atoms: int
    held_atoms: int
    decimals: int


class AccountMode(enum.StrEnum):
    """What a perp venue lets an account share among its balances."""

    STANDARD = "standard"  # spot apart from perpetuals, each dex by itself
    UNIFIED = "unified"  # one balance a collateral, for spot and every cross position
    PORTFOLIO = "portfolio"  # spot of other assets counts as collateral, too


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """One settlement of funding; positive was received.

    Attributes
    ----------
    instrument : InstrumentId | None
        Whose position it was paid for, configured or not; None where it is not known.
    """

    amount: Amount
    at_venue: TimestampNs
    instrument: InstrumentId | None = None


class ForcedKind(enum.StrEnum):
    """Why a venue traded for an account without an order of the desk's."""

    LIQUIDATION = "liquidation"
    DELEVERAGING = "deleveraging"
    SETTLEMENT = "settlement"


@dataclass(frozen=True, slots=True)
class ForcedFill:
    """A trade the venue made for the account; the desk asked for none.

    Attributes
    ----------
    id : str
        Unique at the venue; told again, it is the same trade.
    lots : int
        Signed, in the instrument's lots; positive was bought.
    notional : Amount
        Positive: what the lots cost, or brought in.
    fee : Amount
        Negative is a rebate.
    """

    id: str
    kind: ForcedKind
    instrument: InstrumentId
    lots: int
    notional: Amount
    fee: Amount
    at_venue: TimestampNs


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order that waits at a venue, by the venue's own word.

    Attributes
    ----------
    id : str
        The venue's.
    reference : str
        The client's, as `SignedChild.reference`; empty where it was given none.
    lots_left : int
        What may still trade, positive.
    """

    id: str
    reference: str
    instrument: InstrumentId
    side: Side
    lots_left: int
    limit_ticks: int


@dataclass(frozen=True, slots=True)
class VenueFill:
    """A trade of the account by one of its orders, whoever sent that.

    Attributes
    ----------
    id : str
        As `Fill.id` of the same trade.
    order, reference : str
        As `VenueOrder.id` and `VenueOrder.reference`.
    lots : int
        Signed; positive was bought.
    """

    id: str
    order: str
    reference: str
    instrument: InstrumentId
    lots: int
    notional: Amount
    fee: Amount
    at_venue: TimestampNs


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that came or went without a trade.

    Attributes
    ----------
    id : str
        The venue's, or transaction hash and log index; told again, it is the same transfer.
    amount : Amount
        Positive came in.
    detail : str
        The venue's own word for it, and the other side where it is known.
    at_venue : TimestampNs
        A block's time on chain.
    is_own : bool
        Between two balances of the same account at the venue: spot and perpetuals.
    """

    id: str
    amount: Amount
    detail: str
    at_venue: TimestampNs
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class RequestBudget:
    """How many requests an account may still send before the venue refuses them.

    Attributes
    ----------
    orders : int
        New orders; what is kept back for cancels is not among them.
    cancels : int
        Cancels, the reserve included.
    """

    orders: int
    cancels: int


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """Balances and positions of one account at one moment.

    Attributes
    ----------
    balances : tuple of Amount
        Chain accounts: token balances. Perp accounts: the signed cash leg of the ledger, which
        includes the cost of the open positions (Hyperliquid's ``totalRawUsd``).
    spendable : tuple of Amount
        What may be spent now: the balance, or the allowance where that is smaller.
    equity_atoms, margin_used_atoms : int
        Perp accounts, in collateral atoms: account value, and initial margin in use. Zero on chain.
    next_nonce : int | None
        Chain accounts: the nonce of the next transaction.
    block : BlockRef | None
        Chain accounts: the block the balances were read at.
    data_fee_wei : int
        Chain accounts of some rollups: what posting the data of one transaction costs beside gas.
    at_venue : TimestampNs | None
        Perp accounts: the venue's time of the state.
    funding : tuple of FundingPayment
        Perp accounts: what was settled in the last days before `at_venue`; it moves cash without
        any order of ours. All of it is in the balances, and nothing else of before `at_venue` is.
    forced : tuple of ForcedFill
        Perp accounts: what the venue traded for the account in the same days.
    requests : RequestBudget | None
        Venues that ration requests by account.
    marked : tuple of MarkedPosition
        Perp accounts: every position that draws on the equity.
    isolated : tuple of IsolatedPosition
        Perp accounts: positions that do not; neither equity nor balances count them.
    mode : AccountMode
        Perp accounts.
    spot : tuple of SpotHolding
        Perp accounts: spot the venue keeps, as far as it was asked for; no balance counts it.
    orders : tuple of VenueOrder | None
        Perp accounts: all that waits at the venue; None where it was not asked for.
    fills : tuple of VenueFill
        Perp accounts: trades of the last while before `at_venue`, each once.
    transfers : tuple of Transfer
        What came and went in the last while before `at_venue`, or up to `block`.
    """

    account: AccountId
    balances: tuple[Amount, ...]
    spendable: tuple[Amount, ...]
    positions: tuple[Position, ...]
    equity_atoms: int
    margin_used_atoms: int
    next_nonce: int | None
    block: BlockRef | None
    received_at: TimestampNs
    at_venue: TimestampNs | None = None
    funding: tuple[FundingPayment, ...] = ()
    data_fee_wei: int = 0
    forced: tuple[ForcedFill, ...] = ()
    requests: RequestBudget | None = None
    marked: tuple[MarkedPosition, ...] = ()
    isolated: tuple[IsolatedPosition, ...] = ()
    mode: AccountMode = AccountMode.STANDARD
    spot: tuple[SpotHolding, ...] = ()
    orders: tuple[VenueOrder, ...] | None = None
    fills: tuple[VenueFill, ...] = ()
    transfers: tuple[Transfer, ...] = ()

    def balance(self, asset: AssetId) -> int:
        """Return the balance in atoms; an asset the venue did not name is zero."""
        return sum(amount.atoms for amount in self.balances if amount.asset == asset)

    def spendable_atoms(self, asset: AssetId) -> int:
        """Return what may be spent in atoms; an asset the venue did not name is zero."""
        return sum(amount.atoms for amount in self.spendable if amount.asset == asset)

    def position_lots(self, instrument: InstrumentId) -> int:
        """Return the signed position in lots; zero where there is none."""
        return sum(p.lots for p in self.positions if p.instrument == instrument)

    def leverage(self, instrument: InstrumentId) -> int | None:
        """Return the leverage set for the instrument, or None where the venue did not say."""
        return next((p.leverage for p in self.positions if p.instrument == instrument), None)
