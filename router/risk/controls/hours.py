"""When nothing new is begun: closed hours, maintenance, and venues that fail (C18). Pure.

A venue that is closed or failing is left out, and the rest of the order goes on elsewhere. Only
maintenance holds up an order that only reduces.
"""

from collections.abc import Iterator

from router.domain.control import Control
from router.domain.controls import ControlLimits
from router.domain.instrument import Instrument
from router.domain.scope import ScopeKind
from router.risk.controls.breach import Breach, in_s, path
from router.risk.controls.case import Asked, Planned, holds_market, markets_of
from router.state.counts import Measure


def whole(asked: Asked) -> Iterator[Breach]:
    """Ask whether the firm or the strategy may trade now."""
    for limits in asked.limits:
        yield from _shut(asked, limits)


def market(asked: Asked, instrument: Instrument) -> Iterator[Breach]:
    """Ask whether a market may be traded in now."""
    for limits in asked.rules.limits:
        if holds_market(limits.scope, instrument):
            yield from _shut(asked, limits)


def plan(planned: Planned) -> Iterator[Breach]:
    """Ask whether every market of the plan may be traded in now."""
    for leg in planned.plan.legs:
        for used in markets_of(leg):
            yield from market(planned.asked, used)


def _shut(asked: Asked, limits: ControlLimits) -> Iterator[Breach]:
    only_reduces = asked.order.reduces_only
    for window in limits.maintenance:
        if window.holds(asked.at):
            yield _closed(limits, "maintenance")
    for weekly in limits.closed if not only_reduces else ():
        if weekly.holds(asked.at):
            yield _closed(limits, "closed")
    if not only_reduces:
        yield from _failing(asked, limits)


def _closed(limits: ControlLimits, key: str) -> Breach:
    place = path(limits.scope, key)
    what = f"{limits.scope.label} is closed now ({place}); send it again when it is open"
    return Breach(Control.HOURS, limits.scope, place, "open", "closed", what)


def _failing(asked: Asked, limits: ControlLimits) -> Iterator[Breach]:
    bound, window = limits.errors_max, limits.errors_window
    if bound is None or window is None or limits.scope.kind is ScopeKind.INSTRUMENT:
        return
    count = asked.world.activity.total(Measure.ERRORS, limits.scope, asked.at, within=window)
    if count > bound:
        place = path(limits.scope, "errors_max")
        what = (
            f"{limits.scope.label} had {count} errors in {in_s(window)} s, {place} is {bound}; look"
            " what is wrong, wait, or say headrace switch active for it"
        )
        yield Breach(Control.HOURS, limits.scope, place, str(bound), str(count), what, bound=bound)
