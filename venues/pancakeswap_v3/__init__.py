"""PancakeSwap V3 pools: Uniswap V3 with other tiers and a Swap event of its own."""
