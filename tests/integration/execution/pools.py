"""The pools of the chain that the tests trade in, by short names."""

V2, V2_USDT, V2_DOLLARS = (
    f"uniswap_v2:{pair}:3000@local" for pair in ("ETH/USDC", "ETH/USDT", "USDT/USDC")
)
V3, V3_DEEP = "uniswap_v3:ETH/USDC:3000@local", "uniswap_v3:ETH/USDC:500@local"
V3_USDT, V3_DOLLARS = "uniswap_v3:ETH/USDT:500@local", "uniswap_v3:USDT/USDC:100@local"
V3_BTC = "uniswap_v3:BTC/ETH:500@local"
V4, V4_DOLLARS = "uniswap_v4:ETH/USDC:500/10@local", "uniswap_v4:USDT/USDC:100/1@local"
V4_COIN = "uniswap_v4:ETH/USDC:3000/60/native@local"
