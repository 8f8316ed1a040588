"""Uniswap V4 pools: all of them in one contract, with native coin, hooks and dynamic fees."""
