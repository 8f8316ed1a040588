"""The keys of the venue's answers, from its documentation and from recorded answers.

A path leads from the name of an answer of `official_day.py` through keys and positions.
"""

SUMMARY = "accountValue totalNtlPos totalRawUsd totalMarginUsed"
STATE = (
    "marginSummary crossMarginSummary crossMaintenanceMarginUsed withdrawable assetPositions time"
)
FILL = "coin px sz side time startPosition dir closedPnl hash oid crossed fee tid feeToken twapId"
ORDER = (
    "coin side limitPx sz oid timestamp triggerCondition isTrigger triggerPx children "
    "isPositionTpsl reduceOnly orderType origSz tif cloid"
)
PERP_CONTEXT = (
    "funding openInterest prevDayPx dayNtlVlm premium oraclePx markPx midPx impactPxs dayBaseVlm"
)
SPOT_CONTEXT = "prevDayPx dayNtlVlm markPx midPx circulatingSupply coin totalSupply dayBaseVlm"
SPOT_ASSET = (
    "name szDecimals weiDecimals index tokenId isCanonical evmContract fullName "
    "deployerTradingFeeShare"
)
FEES = (
    "dailyUserVlm feeSchedule userCrossRate userAddRate userSpotCrossRate userSpotAddRate "
    "activeReferralDiscount trial feeTrialEscrow nextTrialAvailableTimestamp stakingLink "
    "activeStakingDiscount"
)

SHAPES = [
    ("meta", "universe marginTables collateralToken"),
    ("meta/universe/0", "szDecimals name maxLeverage marginTableId"),
    (
        "meta_xyz/universe/0",
        "szDecimals name maxLeverage marginTableId onlyIsolated marginMode",
    ),
    ("meta/marginTables/0/1", "description marginTiers"),
    ("meta/marginTables/0/1/marginTiers/0", "lowerBound maxLeverage"),
    ("contexts/1/0", PERP_CONTEXT),
    ("spot_meta", "universe tokens"),
    ("spot_meta/universe/0", "tokens name index isCanonical"),
    ("spot_meta/tokens/0", SPOT_ASSET),
    ("spot_contexts/1/0", SPOT_CONTEXT),
    (
        "perp_dexs/1",
        (
            "name fullName deployer oracleUpdater feeRecipient assetToStreamingOiCap "
            "subDeployers deployerFeeScale lastDeployerFeeScaleChangeTime "
            "assetToFundingMultiplier assetToFundingInterestRate"
        ),
    ),
    ("book", "coin time levels"),
    ("book/levels/0/0", "px sz n"),
    ("candles/0", "t T s i o c h l v n"),
    ("funding_history/0", "coin fundingRate premium time"),
    (
        "perp_auction",
        "startTimeSeconds durationSeconds startGas currentGas endGas",
    ),
    ("recent_trades/0", "coin side px sz time hash tid users"),
    ("predicted_fundings/0/1/1/1", "fundingRate nextFundingTime fundingIntervalHours"),
    ("dex_limits", "totalOiCap oiSzCapPerPerp maxTransferNtl coinToOiCap"),
    ("dex_status", "totalNetDeposit"),
    ("margin_table", "description marginTiers"),
    ("exchange_status", "time specialStatuses"),
    ("state", STATE),
    ("state/marginSummary", SUMMARY),
    ("state/assetPositions/0", "type position"),
    (
        "state/assetPositions/0/position",
        (
            "coin szi leverage entryPx positionValue unrealizedPnl returnOnEquity "
            "liquidationPx marginUsed maxLeverage cumFunding"
        ),
    ),
    ("state/assetPositions/0/position/cumFunding", "allTime sinceOpen sinceChange"),
    ("spot_state/balances/0", "coin token total hold entryNtl"),
    ("open_orders/0", "coin side limitPx sz oid timestamp origSz cloid"),
    ("frontend_open_orders/0", ORDER),
    ("by_oid", "status order"),
    ("by_oid/order", "order status statusTimestamp"),
    ("historical_orders/0", "order status statusTimestamp"),
    ("historical_orders/0/order", ORDER),
    ("fills/0", FILL),
    ("twap_slices/0", "fill twapId"),
    ("twap_slices/0/fill", FILL),
    ("twap_history/0", "time state status twapId"),
    (
        "twap_history/0/state",
        (
            "coin user side sz executedSz executedNtl minutes reduceOnly randomize timestamp "
            "stopPx trigger"
        ),
    ),
    ("user_funding/0", "time hash delta"),
    ("user_funding/0/delta", "type coin usdc szi fundingRate nSamples"),
    ("ledger/0", "time hash delta"),
    ("fees", FEES),
    ("fees/dailyUserVlm/0", "date userCross userAdd exchange"),
    (
        "fees/feeSchedule",
        "cross add spotCross spotAdd tiers referralDiscount stakingDiscountTiers",
    ),
    ("fees/feeSchedule/tiers/vip/0", "ntlCutoff cross add spotCross spotAdd"),
    ("fees/feeSchedule/tiers/mm/0", "makerFractionCutoff add"),
    ("fees/feeSchedule/stakingDiscountTiers/0", "bpsOfMaxSupply discount"),
    ("rate_limit", "cumVlm nRequestsUsed nRequestsCap nRequestsSurplus"),
    ("portfolio/0/1", "accountValueHistory pnlHistory vlm"),
    ("vault_equities/0", "vaultAddress equity lockedUntilTimestamp"),
    (
        "referral",
        (
            "referredBy cumVlm unclaimedRewards claimedRewards builderRewards referrerState "
            "rewardHistory tokenToState"
        ),
    ),
    (
        "staking_summary",
        "delegated undelegated totalPendingWithdrawal nPendingWithdrawals",
    ),
    ("spot_deploy", "states gasAuction"),
    ("extra_agents/0", "name address validUntil"),
    ("sub_accounts/0", "name subAccountUser master clearinghouseState spotState"),
    ("active_data", "user coin leverage maxTradeSzs availableToTrade markPx"),
    (
        "vault_details",
        (
            "name vaultAddress leader description portfolio apr followerState leaderFraction "
            "leaderCommission followers maxDistributable maxWithdrawable isClosed relationship "
            "allowDeposits alwaysCloseOnWithdraw"
        ),
    ),
    ("ws_event/data", "fills"),
    ("ws_funding/data", "user fundings"),
    ("ws_funding/data/fundings/0", "time coin usdc szi fundingRate nSamples"),
    ("ws_candle/data", "t T s i o c h l v n"),
    ("ws_context/data/ctx", PERP_CONTEXT),
    ("ws_first_spotCtx/data/ctx", SPOT_CONTEXT),
    ("ws_open/data/0", "order status statusTimestamp"),
    ("ws_ledger/data", "user nonFundingLedgerUpdates"),
]
