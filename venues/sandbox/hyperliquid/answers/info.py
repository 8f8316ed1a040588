"""`POST /info`: questions the venue answers without a signature.

Unknown types and ill-formed fields raise `MalformedError`, which the server turns into HTTP 422. An
address nobody funded, an agent's for example, gets an empty account and no error, as at the venue.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import islice
from typing import Any

from venues.sandbox.hyperliquid.actions import wire
from venues.sandbox.hyperliquid.answers import views
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import NO_ACTION_HASH
from venues.sandbox.hyperliquid.venue import HOUR_MS, Venue

_FILLS_MAX = 2000
_FUNDING_ROWS_MAX = 500
_SIGNIFICANT_FIGURES = (2, 3, 4, 5)
_MANTISSAS = (1, 2, 5)

Handler = Callable[[Venue, Mapping[str, Any]], Any]


def answer(venue: Venue, body: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return the answer to one info request."""
    request = wire.mapping(body)
    handler = _HANDLERS.get(wire.text(request.get("type")))
    # There is one perpetual exchange here, the nameless first one.
    if handler is None or request.get("dex") not in {None, ""}:
        raise wire.MalformedError
    venue.advance()
    return handler(venue, request)


def book_options(request: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return the checked aggregation (significant figures, mantissa) of a book request."""
    figures, mantissa = request.get("nSigFigs"), request.get("mantissa")
    if figures is not None and figures not in _SIGNIFICANT_FIGURES:
        raise wire.MalformedError
    if mantissa is not None and (figures != _SIGNIFICANT_FIGURES[-1] or mantissa not in _MANTISSAS):
        raise wire.MalformedError
    return figures, mantissa


def meta(venue: Venue) -> dict[str, Any]:
    """Return the perpetual universe; a coin's position in it is its asset id."""
    specs = [market.spec for market in venue.by_asset]
    return {
        "universe": [
            {
                "szDecimals": spec.size_decimals,
                "name": spec.name,
                "maxLeverage": spec.max_leverage,
                "marginTableId": spec.margin_table.table_id,
            }
            for spec in specs
        ],
        "marginTables": [
            [
                spec.margin_table.table_id,
                {
                    "description": spec.margin_table.description,
                    "marginTiers": [
                        {
                            "lowerBound": f"{tier.lower_bound_usd}.0",
                            "maxLeverage": tier.max_leverage,
                        }
                        for tier in spec.margin_table.tiers
                    ],
                },
            ]
            for spec in specs
        ],
        "collateralToken": 0,
    }


def _meta(venue: Venue, _: Mapping[str, Any]) -> dict[str, Any]:
    return meta(venue)


def _meta_and_contexts(venue: Venue, _: Mapping[str, Any]) -> list[Any]:
    accounts = venue.accounts.values()
    return [meta(venue), [views.context_view(market, accounts) for market in venue.by_asset]]


def _spot_meta(_: Venue, __: Mapping[str, Any]) -> dict[str, Any]:
    usdc = {
        "name": "USDC",
        "szDecimals": 8,
        "weiDecimals": 8,
        "index": 0,
        "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
        "isCanonical": True,
        "evmContract": None,
        "fullName": None,
        "deployerTradingFeeShare": "0.0",
    }
    return {"tokens": [usdc], "universe": []}


def _perp_dexs(_: Venue, __: Mapping[str, Any]) -> list[None]:
    return [None]


def _all_mids(venue: Venue, _: Mapping[str, Any]) -> dict[str, str]:
    return views.mids_view(venue.markets)


def _book(venue: Venue, request: Mapping[str, Any]) -> dict[str, Any] | None:
    figures, mantissa = book_options(request)
    market = venue.markets.get(wire.text(request.get("coin")))
    if market is None:
        return None
    return views.book_view(market, venue.clock(), significant_figures=figures, mantissa=mantissa)


def _account(venue: Venue, request: Mapping[str, Any]) -> Account:
    address = wire.address(request.get("user"))
    return venue.accounts.get(address) or Account(address)


def _clearinghouse(venue: Venue, request: Mapping[str, Any]) -> dict[str, Any]:
    return views.clearinghouse_view(_account(venue, request), venue.markets, venue.clock())


def _open_orders(venue: Venue, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        views.order_brief(order, venue.markets[order.coin].spec)
        for order in _account(venue, request).open_orders.values()
    ]


def _frontend_open_orders(venue: Venue, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        views.order_full(order, venue.markets[order.coin].spec)
        for order in _account(venue, request).open_orders.values()
    ]


def _order_status(venue: Venue, request: Mapping[str, Any]) -> dict[str, Any]:
    account = _account(venue, request)
    key = request.get("oid")
    oid = account.cloids.get(key) if isinstance(key, str) else wire.integer(key)
    order = None if oid is None else venue.matching.orders.get(oid)
    if order is None or order.account != account.address:
        return {"status": "unknownOid"}
    return {
        "status": "order",
        "order": {
            "order": views.order_full(order, venue.markets[order.coin].spec),
            "status": order.status,
            "statusTimestamp": order.status_ms,
        },
    }


def user_fills(venue: Venue, account: Account) -> list[dict[str, Any]]:
    """Return an account's most recent fills, newest first."""
    return [
        views.fill_view(fill, venue.markets[fill.coin].spec)
        for fill in islice(reversed(account.fills), _FILLS_MAX)
    ]


def _user_fills(venue: Venue, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    return user_fills(venue, _account(venue, request))


def _user_fees(venue: Venue, request: Mapping[str, Any]) -> dict[str, Any]:
    _account(venue, request)
    cross = views.rate_text(Fraction(venue.config.fees.taker_pips, MICRO))
    add = views.rate_text(Fraction(venue.config.fees.maker_pips, MICRO))
    return {
        "dailyUserVlm": [],
        "feeSchedule": {
            "cross": cross,
            "add": add,
            "spotCross": "0.0007",
            "spotAdd": "0.0004",
            "tiers": {"vip": [], "mm": []},
            "referralDiscount": "0.0",
            "stakingDiscountTiers": [],
        },
        "userCrossRate": cross,
        "userAddRate": add,
        "userSpotCrossRate": "0.0007",
        "userSpotAddRate": "0.0004",
        "activeReferralDiscount": "0.0",
        "trial": None,
        "feeTrialReward": "0.0",
        "nextTrialAvailableTimestamp": None,
        "stakingLink": None,
        "activeStakingDiscount": {"bpsOfMaxSupply": "0.0", "discount": "0.0"},
    }


def _funding_history(venue: Venue, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    # Hours before the sandbox opened show the rate it was configured with.
    coin = wire.text(request.get("coin"))
    market = venue.markets.get(coin)
    if market is None:
        return []
    now_ms = venue.clock()
    end = request.get("endTime")
    end_ms = now_ms if end is None else min(wire.integer(end), now_ms)
    first_ms = -(-wire.integer(request.get("startTime")) // HOUR_MS) * HOUR_MS
    hours = islice(range(first_ms, end_ms + 1, HOUR_MS), _FUNDING_ROWS_MAX)
    configured = Fraction(market.spec.funding_rate)
    return [
        {
            "coin": coin,
            "fundingRate": views.rate_text(venue.settled_rates.get((coin, hour), configured)),
            "premium": "0.0",
            "time": hour,
        }
        for hour in hours
    ]


def _user_funding(venue: Venue, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    account = venue.accounts.get(wire.address(request.get("user")))
    if account is None:
        return []
    start_ms = wire.integer(request.get("startTime"))
    end = request.get("endTime")
    end_ms = venue.clock() if end is None else wire.integer(end)
    within = (f for f in account.fundings if start_ms <= f.time_ms <= end_ms)
    return [
        {
            "time": f.time_ms,
            "hash": NO_ACTION_HASH,
            "delta": {
                "type": "funding",
                **views.funding_fields(f, venue.markets[f.coin].spec.size_decimals),
                "nSamples": None,
            },
        }
        for f in islice(within, _FUNDING_ROWS_MAX)
    ]


def _user_role(venue: Venue, request: Mapping[str, Any]) -> dict[str, Any]:
    address = wire.address(request.get("user"))
    agent = venue.agents.get(address)
    if agent is not None:
        return {"role": "agent", "data": {"user": agent.master}}
    return {"role": "user" if address in venue.accounts else "missing"}


def _extra_agents(venue: Venue, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    master = wire.address(request.get("user"))
    return [
        {"name": agent.name, "address": agent.address, "validUntil": None}
        for agent in venue.agents.values()
        if agent.master == master and agent.name
    ]


_HANDLERS: Mapping[str, Handler] = {
    "meta": _meta,
    "metaAndAssetCtxs": _meta_and_contexts,
    "spotMeta": _spot_meta,
    "perpDexs": _perp_dexs,
    "allMids": _all_mids,
    "l2Book": _book,
    "clearinghouseState": _clearinghouse,
    "openOrders": _open_orders,
    "frontendOpenOrders": _frontend_open_orders,
    "orderStatus": _order_status,
    "userFills": _user_fills,
    "userFees": _user_fees,
    "fundingHistory": _funding_history,
    "userFunding": _user_funding,
    "userRole": _user_role,
    "extraAgents": _extra_agents,
}
