"""`POST /info`: questions the venue answers without a signature.

Unknown types and ill-formed fields raise `MalformedError`, which the server turns into HTTP 422. An
address nobody funded, an agent's for example, gets an empty account and no error, as at the venue.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from venues.sandbox.hyperliquid.actions.apply import Actions
from venues.sandbox.hyperliquid.actions.reading import MalformedError
from venues.sandbox.hyperliquid.answers import (
    absent,
    book,
    clearinghouse,
    fee,
    fill,
    funding,
    holdings,
    interface,
    ledger,
    metadata,
    order,
    portfolio,
    quota,
    referral,
    request,
    role,
    staking,
    tape,
    twap,
    vault,
)
from venues.sandbox.hyperliquid.answers.request import Handler, RegisteredHandler
from venues.sandbox.hyperliquid.state import Exchange


class Venue(Protocol):
    """What is asked: a state, brought up to its time first, and what only actions know."""

    actions: Actions

    @property
    def state(self) -> Exchange:
        """Return everything the venue remembers."""

    def advance(self) -> int:
        """Do everything that is due and return the time in milliseconds."""


def answer(venue: Venue, body: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return the answer to one info request."""
    asked = request.mapping(body)
    kind = request.text(asked.get("type"))
    handler, registered = _HANDLERS.get(kind), _REGISTERED.get(kind)
    venue.advance()
    if handler is not None:
        return handler(venue.state, asked)
    if registered is not None:
        return registered(venue.state, venue.actions.registry, asked)
    raise MalformedError


_HANDLERS: Mapping[str, Handler] = {
    "activeAssetData": clearinghouse.active_asset_data,
    "allBorrowLendReserveStates": absent.empty_list,
    "allMids": book.all_mids,
    "allPerpMetas": metadata.all_perp_metas,
    "approvedBuilders": role.approved_builders,
    "borrowLendUserState": absent.borrow_lend_user_state,
    "candleSnapshot": tape.candle_snapshot,
    "clearinghouseState": clearinghouse.clearinghouse_state,
    "delegations": staking.empty_list,
    "delegatorHistory": staking.empty_list,
    "delegatorRewards": staking.empty_list,
    "delegatorSummary": staking.delegator_summary,
    "exchangeStatus": metadata.exchange_status,
    "extraAgents": role.extra_agents,
    "frontendOpenOrders": order.frontend_open_orders,
    "fundingHistory": funding.funding_history,
    "historicalOrders": order.historical_orders,
    "isVip": role.is_vip,
    "l2Book": book.l2_book,
    "leadingVaults": vault.leading_vaults,
    "legalCheck": role.legal_check,
    "marginTable": metadata.margin_table,
    "maxBuilderFee": role.max_builder_fee,
    "maxMarketOrderNtls": metadata.max_market_orders,
    "meta": metadata.meta,
    "metaAndAssetCtxs": metadata.meta_and_contexts,
    "openOrders": order.open_orders,
    "orderStatus": order.order_status,
    "outcomeMeta": absent.outcome_meta,
    "outcomeTemplates": absent.empty_list,
    "perpAnnotation": absent.perp_annotation,
    "perpCategories": absent.empty_list,
    "perpConciseAnnotations": absent.empty_list,
    "perpDeployAuctionStatus": metadata.perp_auction,
    "perpDexLimits": metadata.perp_dex_limits,
    "perpDexStatus": metadata.perp_dex_status,
    "perpDexs": metadata.perp_dexs,
    "perpsAtOpenInterestCap": metadata.at_open_interest_cap,
    "portfolio": portfolio.portfolio,
    "preTransferCheck": role.pre_transfer_check,
    "predictedFundings": funding.predicted_fundings,
    "recentTrades": tape.recent_trades,
    "settledOutcome": absent.settled_outcome,
    "spotClearinghouseState": holdings.spot_clearinghouse_state,
    "spotDeployState": metadata.spot_deploy_state,
    "spotMeta": metadata.spot_meta,
    "spotMetaAndAssetCtxs": metadata.spot_meta_and_contexts,
    "spotPairDeployAuctionStatus": metadata.perp_auction,
    "subAccounts": role.sub_accounts,
    "subAccounts2": role.sub_accounts_by_dex,
    "tokenDetails": metadata.token_details,
    "twapHistory": twap.twap_history,
    "userAbstraction": role.user_abstraction,
    "userBorrowLendInterest": absent.user_borrow_lend_interest,
    "userDexAbstraction": role.user_dex_abstraction,
    "userFees": fee.user_fees,
    "userFills": fill.user_fills,
    "userFillsByTime": fill.user_fills_by_time,
    "userFunding": funding.user_funding,
    "userNonFundingLedgerUpdates": ledger.user_non_funding_ledger_updates,
    "userRateLimit": quota.user_rate_limit,
    "userRole": role.user_role,
    "userTwapSliceFills": fill.user_twap_slice_fills,
    "userTwapSliceFillsByTime": fill.user_twap_slice_fills_by_time,
    "validatorL1Votes": absent.empty_list,
    "validatorSummaries": absent.empty_list,
    "vaultSummaries": vault.vault_summaries,
    "webData2": interface.answer_web_data_2,
}

_REGISTERED: Mapping[str, RegisteredHandler] = {
    "referral": referral.referral,
    "userToMultiSigSigners": role.multi_sig_signers,
    "userVaultEquities": vault.user_vault_equities,
    "vaultDetails": vault.vault_details,
}
