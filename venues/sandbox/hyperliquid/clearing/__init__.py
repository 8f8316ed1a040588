"""What the venue does by itself: funding, marks, liquidation."""

from venues.sandbox.hyperliquid.clearing.cycle import run

__all__ = ["run"]
