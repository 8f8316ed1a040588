"""Verdicts, not exceptions: may this order, may this plan, may this child go out."""
