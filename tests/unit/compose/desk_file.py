"""A whole configuration of both venues, at addresses where nobody is."""

WETH, USDC = "0x" + "c0" * 20, "0x" + "a0" * 20
POOL_LOW, POOL_HIGH = "0x" + "01" * 20, "0x" + "02" * 20
# Whose key CHAIN_KEY is, below.
ACCOUNT = "0x3792A991e81f467ed89A2f7e60fb31b80df71908"
DESK = f"""
[engine]
journal = "desk.journal"
solve_deadline_ms = 5000

[limits]
order_notional_max = {{ USDC = "2000000" }}
slippage_max_bps = 100
slippage_tolerance_bps = 10
plan_rounds_max = 3
child_lifetime_ms = 60000

[staleness]
head_age_max_ms = 4000
book_age_max_ms = 3000

[assets]
ETH = 18
USDC = 6

[chains.local]
chain_id = 31337
ws_urls = ["ws://localhost:1"]
account = "{ACCOUNT}"
signing_key_env = "CHAIN_KEY"
routers = {{ universal_router = "0x{"11" * 20}" }}
router_version = "2.1.1"
permit2 = "0x{"22" * 20}"
multicall = "0x{"33" * 20}"
native_asset = "ETH"
fee_cap_gwei = 200
confirmations = 1
replace_after_blocks = 3
replacements_max = 2
in_flight_max = 16
data_fee = "none"
request_timeout_ms = 5000
receipt_timeout_ms = 10000
silence_max_ms = 10000
head_lag_max = 2

[chains.local.tokens]
ETH = "{WETH}"
USDC = "{USDC}"

[chains.local.uniswap_v3]
factory = "0x{"44" * 20}"

[[chains.local.uniswap_v3.pools]]
address = "{POOL_LOW}"
base = "ETH"
quote = "USDC"
fee_pips = 500

[[chains.local.uniswap_v3.pools]]
address = "{POOL_HIGH}"
base = "ETH"
quote = "USDC"
fee_pips = 3000

[venues.hyperliquid]
url = "http://localhost:1"
ws_url = "ws://localhost:1/ws"
network = "testnet"
account = "0x{"CD" * 20}"
agent_key_env = "AGENT_KEY"
set_leverage = true

[[venues.hyperliquid.markets]]
coin = "ETH"
base = "ETH"
quote = "USDC"
size_decimals = 4
taker_fee_pips = 450
leverage = 10
"""
# Development keys: worthless, and of the right form.
ENVIRONMENT = {"CHAIN_KEY": "0x" + "59" * 32, "AGENT_KEY": "0x" + "7c" * 32}
