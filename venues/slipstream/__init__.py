"""Slipstream pools of Aerodrome and Velodrome: keyed by tick spacing, with a fee that moves."""
