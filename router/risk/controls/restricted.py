"""What is not traded: assets, venues, contracts, counterparties (C11), and odd tokens (C12). Pure.

Contracts are an allow-list: what is not configured is not used. An order that only reduces may
leave an asset that is denied, and a book; it uses no contract that is.
"""

from collections.abc import Iterator

from router.domain.control import Control
from router.domain.controls import ControlLimits
from router.domain.instrument import Instrument, InstrumentKind
from router.domain.plan import NoRouteReason
from router.domain.scope import FIRM
from router.domain.units import AssetId
from router.risk.controls.breach import Breach, path
from router.risk.controls.case import Asked, Planned, holds_market, markets_of


def assets(asked: Asked) -> Iterator[Breach]:
    """Ask whether the order's own assets are denied."""
    order = asked.order
    if order.reduces_only:
        return
    for limits in asked.limits:
        for asset in (order.base, order.quote):
            if asset in limits.assets_denied:
                yield _denied(limits, "assets_denied", asset)


def hops(planned: Planned) -> Iterator[Breach]:
    """Ask whether an asset on the way is denied."""
    asked = planned.asked
    if asked.order.reduces_only:
        return
    for limits, legs in planned.parts():
        for leg in legs:
            for hop in leg.hops:
                for asset in (hop.paid.asset, hop.received.asset):
                    if asset in limits.assets_denied:
                        yield _denied(limits, "assets_denied", asset)


def contracts(planned: Planned) -> Iterator[Breach]:
    """Ask whether every market of the plan is one that may be used."""
    asked = planned.asked
    for leg in planned.plan.legs:
        for market in markets_of(leg):
            yield from _unknown(asked, market)
            yield from denied(asked, market)


def denied(asked: Asked, market: Instrument) -> Iterator[Breach]:
    """Ask whether a market is denied to an order."""
    if asked.order.reduces_only and not market.is_on_chain:
        return  # a position can be left nowhere but where it is
    for limits in asked.rules.limits:
        if limits not in asked.limits and not holds_market(limits.scope, market):
            continue
        contract = market.symbol.lower()
        if market.venue in limits.venues_denied:
            yield _denied(limits, "venues_denied", market.venue)
        if contract in limits.contracts_denied:
            yield _denied(limits, "contracts_denied", contract)
        if market.protocol and market.protocol in limits.protocols_denied:
            yield _denied(limits, "protocols_denied", market.protocol)
        if limits.contracts_allowed and contract not in limits.contracts_allowed:
            place = path(limits.scope, "contracts_allowed")
            what = f"{contract} is not in {place}; add it there if you know it"
            yield Breach(
                Control.RESTRICTED, limits.scope, place, "allowed contracts", contract, what
            )


def tokens(asked: Asked) -> Iterator[Breach]:
    """Ask whether somebody accepted what the order's own assets can do."""
    if not asked.order.reduces_only:
        yield from _odd(asked, (asked.order.base, asked.order.quote))


def token_hops(planned: Planned) -> Iterator[Breach]:
    """Ask the same of the assets on the way."""
    if not planned.asked.order.reduces_only:
        crossed = (hop for leg in planned.plan.legs for hop in leg.hops)
        found = (a.asset for hop in crossed for a in (hop.paid, hop.received))
        yield from _odd(planned.asked, tuple(dict.fromkeys(found)))


def _odd(asked: Asked, named: tuple[AssetId, ...]) -> Iterator[Breach]:
    for mark in asked.rules.tokens:
        if mark.asset not in named or mark.accepted or not mark.risks:
            continue
        risks, place = ", ".join(mark.risks), f"controls.tokens.{mark.asset}"
        what = f"{mark.asset} is marked {risks}; set {place}.accepted if you know what that means"
        yield Breach(Control.TOKEN_SAFETY, FIRM, f"{place}.accepted", "false", risks, what)


# The router's own pair of pools over other assets is no market by itself, and has its hops asked.
def _unknown(asked: Asked, market: Instrument) -> Iterator[Breach]:
    if market.kind is InstrumentKind.SPOT_ROUTE:
        return
    known = {(i.venue, i.symbol) for i in asked.world.configured}
    if (market.venue, market.symbol) not in known:
        what = (
            f"{market.symbol} at {market.venue} is not configured; only what is configured is used"
        )
        limit, value = "configured contracts", market.symbol
        yield Breach(
            Control.RESTRICTED,
            FIRM,
            "configuration",
            limit,
            value,
            what,
            reason=NoRouteReason.SOLVER,
        )


def _denied(limits: ControlLimits, key: str, name: str) -> Breach:
    place = path(limits.scope, key)
    what = f"{name} is in {place}; it is not traded"
    return Breach(Control.RESTRICTED, limits.scope, place, "denied", name, what)
