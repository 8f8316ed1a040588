"""Uniswap V2 pairs: two reserves whose product a swap may not lower."""
