"""The documented answers and frames of the venue, to test with.

Brought together from the venue's documentation and from the types of a client that is tested
against the venue.
"""

USER = "0x" + "ab" * 20
OTHER = "0x" + "cd" * 20
HASH = "0x" + "ef" * 32
CLOID = "0x" + "12" * 16

META = {
    "universe": [
        {"name": "BTC", "szDecimals": 5, "maxLeverage": 40, "marginTableId": 56},
        {
            "name": "LOOM",
            "szDecimals": 1,
            "maxLeverage": 3,
            "marginTableId": 3,
            "isDelisted": True,
            "marginMode": "strictIsolated",
            "onlyIsolated": True,
            "growthMode": "enabled",
            "lastGrowthModeChangeTime": "2025-11-23T17:37:10.033211662",
        },
    ],
    "marginTables": [
        [
            51,
            {
                "description": "tiered 10x",
                "marginTiers": [
                    {"lowerBound": "0.0", "maxLeverage": 10},
                    {"lowerBound": "3000000.0", "maxLeverage": 5},
                ],
            },
        ]
    ],
    "collateralToken": 0,
}
CONTEXT = {
    "funding": "0.0000125",
    "openInterest": "688.11",
    "prevDayPx": "15.322",
    "dayNtlVlm": "1169046.29406",
    "premium": "0.00031774",
    "oraclePx": "14.32",
    "markPx": "14.3161",
    "midPx": "14.314",
    "impactPxs": ["14.3047", "14.3444"],
    "dayBaseVlm": "0.0183",
}
SUMMARY = {
    "accountValue": "13109.482328",
    "totalNtlPos": "100.02765",
    "totalRawUsd": "13009.454678",
    "totalMarginUsed": "4.967826",
}
ACCOUNT = {
    "assetPositions": [
        {
            "type": "oneWay",
            "position": {
                "coin": "ETH",
                "szi": "0.0335",
                "leverage": {"type": "isolated", "value": 20, "rawUsd": "-95.059824"},
                "entryPx": "2986.3",
                "positionValue": "100.02765",
                "unrealizedPnl": "-0.0134",
                "returnOnEquity": "-0.0026789",
                "liquidationPx": "2866.26936529",
                "marginUsed": "4.967826",
                "maxLeverage": 50,
                "cumFunding": {
                    "allTime": "514.085417",
                    "sinceOpen": "0.0",
                    "sinceChange": "0.0",
                },
            },
        }
    ],
    "marginSummary": SUMMARY,
    "crossMarginSummary": {
        "accountValue": "13104.514502",
        "totalNtlPos": "0.0",
        "totalRawUsd": "13104.514502",
        "totalMarginUsed": "0.0",
    },
    "crossMaintenanceMarginUsed": "0.0",
    "withdrawable": "13104.514502",
    "time": 1708622398623,
}
SPOT_ACCOUNT = {
    "balances": [
        {
            "coin": "USDC",
            "token": 0,
            "total": "14.625485",
            "hold": "1.5",
            "entryNtl": "0.0",
            "spotHold": "0.5",
            "ltv": "0.0",
            "borrowed": "0.0",
            "supplied": "0.0",
        }
    ],
    "portfolioMarginEnabled": False,
    "portfolioMarginRatio": "0.1",
    "tokenToPortfolioBorrowRatio": [[0, "0.0"]],
    "tokenToPortfolioSupplyRatio": [[0, "0.2"]],
    "tokenToAvailableAfterMaintenance": [[0, "14.6"]],
    "evmEscrows": [{"coin": "HYPE", "token": 150, "total": "1.0"}],
}
OPEN_ORDER = {
    "coin": "BTC",
    "side": "A",
    "limitPx": "29792.0",
    "sz": "5.0",
    "oid": 91490942,
    "timestamp": 1681247412573,
    "origSz": "5.5",
    "cloid": CLOID,
    "reduceOnly": True,
}
CHILD = {
    **OPEN_ORDER,
    "triggerCondition": "Price above 31000",
    "isTrigger": True,
    "triggerPx": "31000.0",
    "children": [],
    "isPositionTpsl": False,
    "orderType": "Take Profit Market",
    "tif": None,
}
DETAILED_ORDER = {
    **OPEN_ORDER,
    "triggerCondition": "N/A",
    "isTrigger": False,
    "triggerPx": "0.0",
    "children": [CHILD],
    "isPositionTpsl": False,
    "orderType": "Limit",
    "tif": "Gtc",
}
UPDATE = {"order": DETAILED_ORDER, "status": "filled", "statusTimestamp": 1724361546645}
PUSHED_UPDATE = {"order": OPEN_ORDER, "status": "open", "statusTimestamp": 1724361546645}
FILL = {
    "coin": "AVAX",
    "px": "18.435",
    "sz": "93.53",
    "side": "B",
    "time": 1681222254710,
    "startPosition": "26.86",
    "dir": "Open Long",
    "closedPnl": "0.0",
    "hash": HASH,
    "oid": 90542681,
    "crossed": False,
    "fee": "0.01",
    "feeToken": "USDC",
    "builderFee": "0.01",
    "tid": 118906512037719,
    "cloid": CLOID,
    "twapId": 3156,
    "liquidation": {"liquidatedUser": OTHER, "markPx": "22.025", "method": "backstop"},
}
SETTLEMENT = {
    "coin": "ETH",
    "usdc": "-3.625312",
    "szi": "49.1477",
    "fundingRate": "0.0000417",
    "nSamples": 24,
}
FEES = {
    "dailyUserVlm": [
        {"date": "2025-05-23", "userCross": "0.0", "userAdd": "1.0", "exchange": "2852367.07"}
    ],
    "feeSchedule": {
        "cross": "0.00045",
        "add": "0.00015",
        "spotCross": "0.0007",
        "spotAdd": "0.0004",
        "tiers": {
            "vip": [
                {
                    "ntlCutoff": "5000000.0",
                    "cross": "0.0004",
                    "add": "0.00012",
                    "spotCross": "0.0006",
                    "spotAdd": "0.0003",
                }
            ],
            "mm": [{"makerFractionCutoff": "0.005", "add": "-0.00001"}],
        },
        "referralDiscount": "0.04",
        "stakingDiscountTiers": [{"bpsOfMaxSupply": "0.0001", "discount": "0.05"}],
    },
    "userCrossRate": "0.000315",
    "userAddRate": "0.000105",
    "userSpotCrossRate": "0.00049",
    "userSpotAddRate": "0.00028",
    "activeReferralDiscount": "0.0",
    "trial": None,
    "feeTrialEscrow": "0.0",
    "nextTrialAvailableTimestamp": None,
    "stakingLink": {"type": "tradingUser", "stakingUser": OTHER},
    "activeStakingDiscount": {"bpsOfMaxSupply": "4.7577998927", "discount": "0.3"},
}
TRADE = {
    "coin": "BTC",
    "side": "A",
    "px": "113397.0",
    "sz": "0.11543",
    "hash": HASH,
    "time": 1754450974231,
    "tid": 293353986402527,
    "users": [USER, OTHER],
}
BOOK = {
    "coin": "BTC",
    "time": 1754450974231,
    "levels": [
        [{"px": "113377.0", "sz": "7.6699", "n": 17}],
        [{"px": "113397.0", "sz": "0.11543", "n": 3}],
    ],
    "spread": "20.0",
    "fast": True,
}
PERP_DEX = {
    "name": "xyz",
    "fullName": "XYZ",
    "deployer": USER,
    "oracleUpdater": OTHER,
    "feeRecipient": USER,
    "assetToStreamingOiCap": [["xyz:XYZ100", "100000000.0"]],
    "subDeployers": [["setOracle", [USER, OTHER]]],
    "deployerFeeScale": "1.0",
    "lastDeployerFeeScaleChangeTime": "2025-11-23T17:37:10.033211662",
    "assetToFundingMultiplier": [["xyz:XYZ100", "0.5"]],
    "assetToFundingInterestRate": [["xyz:XYZ100", "0.0001"]],
}
SPOT_META = {
    "tokens": [
        {
            "name": "USDC",
            "szDecimals": 8,
            "weiDecimals": 8,
            "index": 0,
            "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
            "isCanonical": True,
            "evmContract": {"address": OTHER, "evm_extra_wei_decimals": -2},
            "fullName": "USD Coin",
            "deployerTradingFeeShare": "0.0",
        }
    ],
    "universe": [{"tokens": [1, 0], "name": "PURR/USDC", "index": 0, "isCanonical": True}],
}
LIMITS = {
    "user": USER,
    "coin": "APT",
    "leverage": {"type": "cross", "value": 3},
    "maxTradeSzs": ["24836370.4400000013", "24836370.4400000013"],
    "availableToTrade": ["37019438.0284740031", "37019438.0284740031"],
    "markPx": "4.4716",
}
LIQUIDATION = {
    "lid": 1,
    "liquidator": USER,
    "liquidated_user": OTHER,
    "liquidated_ntl_pos": "100.0",
    "liquidated_account_value": "1.0",
}
PREDICTED = [
    [
        "AVAX",
        [
            [
                "BinPerp",
                {"fundingRate": "0.0001", "nextFundingTime": 1733961600000},
            ],
            [
                "HlPerp",
                {
                    "fundingRate": "0.0000125",
                    "nextFundingTime": 1733958000000,
                    "fundingIntervalHours": 1,
                },
            ],
            ["BybitPerp", None],
        ],
    ]
]
CANDLE = {
    "t": 1681923600000,
    "T": 1681924499999,
    "s": "BTC",
    "i": "15m",
    "o": "29295.0",
    "c": "29258.0",
    "h": "29309.0",
    "l": "29250.0",
    "v": "0.98639",
    "n": 189,
}
SUB_ACCOUNT = {
    "name": "Test",
    "subAccountUser": OTHER,
    "master": USER,
    "clearinghouseState": ACCOUNT,
    "spotState": SPOT_ACCOUNT,
}
SUB_ACCOUNT_BY_DEX = {
    "name": "Test",
    "subAccountUser": OTHER,
    "master": USER,
    "dexToClearinghouseState": [["", ACCOUNT], ["xyz", ACCOUNT]],
    "spotState": SPOT_ACCOUNT,
}
