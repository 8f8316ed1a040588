"""What a daemon answers to questions that need more than an engine, by hand."""

QUOTE = {
    "version": 1,
    "quote_id": "q-77",
    "expires_at": "1767225602500000000",
    "order": {
        "side": "buy",
        "base": "ETH",
        "quote": "USDC",
        "quantity": "10",
        "quantity_asset": "ETH",
        "limit_price": None,
        "slippage_max_bps": 50.0,
        "holding_horizon_s": 3600,
        "venues": [],
    },
    "feasible": True,
    "infeasible": None,
    "slippage": {
        "arrival_mid": "3000",
        "total_bps": 1.23456,
        "execution_bps": 1.1,
        "cost": "3.7",
        "causes": {
            "impact_bps": 0.7,
            "of_which_basis_bps": 0.1,
            "fees_bps": 0.3,
            "gas_bps": 1e-07,
            "funding_bps": 0.2,
        },
        "band": {"low_bps": 0.5, "high_bps": 2.0},
        "legs": [
            {
                "instrument": "uniswap_v3:ETH/USDC:500",
                "quantity": "7.5",
                "notional": "22503.1",
                "slippage_bps": 1.3,
            },
            {
                "instrument": "hyperliquid:ETH",
                "quantity": "2.5",
                "notional": "7501.2",
                "slippage_bps": 1.6,
            },
        ],
    },
    "binding": [
        {
            "constraint": "margin",
            "account": "hyperliquid:0xbb",
            "scenario": None,
            "step": "1000",
            "asset": "USDC",
            "saves_bps": 0.8,
        }
    ],
    "explanation": ["7.5 ETH at the pool", "2.5 ETH at the book"],
}
NO_QUOTE = {
    **QUOTE,
    "feasible": False,
    "slippage": None,
    "quote_id": None,
    "infeasible": {
        "reason": "no_liquidity",
        "message": "the markets hold 4 ETH",
        "largest_quantity": "4",
        "quantity_asset": "ETH",
    },
}
BOOK = {
    "base": "ETH",
    "quote": "USDC",
    "bids": [
        {"price": "2999.5", "quantity": "3", "sources": {"hyperliquid:ETH": "3"}},
        {"price": "2999.2", "quantity": "5.5", "sources": {"hyperliquid:ETH": "5", "pool": "0.5"}},
    ],
    "asks": [{"price": "3000.5", "quantity": "4", "sources": {"pool": "4"}}],
    "mid": "3000",
    "missing": [],
    "at": "1767225600000000000",
}
POSITIONS = {
    "positions": [
        {
            "client": "acme",
            "account": "main",
            "base": "ETH",
            "quote": "USDC",
            "bought": "1",
            "sold": "3.5",
            "net": "-2.5",
            "paid": "3000",
            "received": "10500",
            "net_cash": "7500",
            "average_bought": "3000",
            "average_sold": "3000",
            "fees": {},
        },
        {
            "client": "acme",
            "account": "main",
            "base": "BTC",
            "quote": "USDC",
            "bought": "1",
            "sold": "0",
            "net": "1",
            "paid": "90000",
            "received": "0",
            "net_cash": "-90000",
            "average_bought": "90000",
            "average_sold": None,
            "fees": {},
        },
    ],
    "at": "1767225600000000000",
}
INSTRUMENTS = {
    "instruments": [
        {"instrument": "p", "venue": "uniswap_v3", "base": "ETH", "quote": "USDC"},
        {"instrument": "h", "venue": "hyperliquid", "base": "ETH", "quote": "USDC"},
        {"instrument": "b", "venue": "hyperliquid", "base": "BTC", "quote": "USDC"},
    ],
    "pairs": [{"base": "ETH", "quote": "USDC"}, {"base": "BTC", "quote": "USDC"}],
    "assets": [],
}
BASKET = {
    "is_new": True,
    "basket": "b-1",
    "orders": [
        {
            "client_order_id": f"L.{place}",
            "cumulative": "0",
            "leaves": "2",
            "status": "new",
            "average_price": None,
        }
        for place in (1, 2)
    ],
}
