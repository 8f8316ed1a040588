"""Liquidation preferences: which zone accounts are in, and what is cut before the venue does it."""

from router.risk.deleverage.assess import Reduction, assess
from router.risk.deleverage.policy import cuts
from router.risk.deleverage.read import read
from router.risk.deleverage.zone import zone_of

__all__ = ["Reduction", "assess", "cuts", "read", "zone_of"]
