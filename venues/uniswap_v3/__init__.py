"""Uniswap V3 pools: each a contract of its own, keyed by its tokens and its fee."""
