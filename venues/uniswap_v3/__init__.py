"""Uniswap V3 pools on one chain, traded through the Universal Router with Permit2."""
