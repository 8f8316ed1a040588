"""Prices of several sources against each other: a wrong one blocks what needs it."""

from router.risk.price_guard.guard import distrusted as distrusted
from router.risk.price_guard.guard import trusted as trusted
from router.risk.price_guard.reference import Reference as Reference
from router.risk.price_guard.reference import reference as reference
