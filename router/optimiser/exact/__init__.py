"""Exact trades: what every instrument does with whole atoms and lots, and what that costs."""
