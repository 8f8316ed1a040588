"""Exact account models of perpetual venues: margin, liquidation, funding, fees, deleveraging.

Written from what venues document, so that an account can be judged without asking the venue. The
first model is that of Hyperliquid's standard accounts, cross and isolated. Everything is a fraction
in units of the collateral and of the base asset; whoever needs atoms names the rounding.
"""
