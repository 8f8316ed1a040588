"""The table ``[reconciliation]``: how often accounts are compared, how long a doubt may last.

It may be left out: it bounds no money.
"""

from typing import Annotated, Final

from pydantic import Field

from router.domain.difference import ReconciliationRules
from router.domain.units import NS_PER_S, DurationNs
from router.shell.config_fields import Strict

_DEFAULT: Final = ReconciliationRules()

Seconds = Annotated[int, Field(ge=1, le=3_600)]


class ReconciliationSettings(Strict):
    """The table; a look costs each venue a few questions of those it rations."""

    look_every_s: Seconds = _DEFAULT.look_every // NS_PER_S
    patience_s: Seconds = _DEFAULT.patience // NS_PER_S


def reconciliation_rules(settings: ReconciliationSettings | None) -> ReconciliationRules:
    """Return the rules of a table, or those of none."""
    if settings is None:
        return _DEFAULT
    return ReconciliationRules(
        look_every=DurationNs(settings.look_every_s * NS_PER_S),
        patience=DurationNs(settings.patience_s * NS_PER_S),
    )
