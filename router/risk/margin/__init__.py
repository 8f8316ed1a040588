"""Exact account models of perpetual venues: margin, liquidation, funding, fees, deleveraging.

Written from what venues document, so that an account can be judged without asking the venue.
`model` says what every account answers; `standard` and `unified` are Hyperliquid's, cross and
isolated; `read` makes one of a snapshot, `planned` says what a plan would do to it, `figures` gives
all its numbers quickly, and `book` adds accounts and spot up. Everything is a fraction, in atoms of
the collateral and lots of the instrument; whoever needs atoms names the rounding.
"""
