"""Orders, cancels, modifications, TWAPs and scheduled cancels: the matching core does the work.

What is wrong with the payload alone is told once for the whole batch, what is wrong with one order
or cancel in its own place.
"""

from venues.sandbox.hyperliquid.actions.effects import money
from venues.sandbox.hyperliquid.actions.effects.turn import Answer, Turn, done, refused, told
from venues.sandbox.hyperliquid.actions.messages.orders import (
    CancelOrders,
    ModifyOrders,
    PlaceOrders,
    ScheduleCancel,
    StartTwap,
    StopTwap,
)
from venues.sandbox.hyperliquid.matching.placement import (
    BatchRefused,
    Placement,
    placement_status,
)
from venues.sandbox.hyperliquid.matching.rules import INVALID_ASSET, INVALID_SIZE, MISSING_ORDER
from venues.sandbox.hyperliquid.number import MICRO, to_scaled
from venues.sandbox.hyperliquid.order import BuilderFee

SCHEDULE_AHEAD_MIN_MS = 5_000
BUILDER_FEE_MAX_PERP = 100
BUILDER_FEE_MAX_SPOT = 1_000

BUILDER_NOT_APPROVED = "Builder fee has not been approved."
SCHEDULE_VOLUME = (
    "Cannot set scheduled cancel time until enough volume traded. Required: ${}. Traded: ${}."
)
SCHEDULE_TOO_SOON = "Scheduled cancel time must be at least 5 seconds in the future."  # ours
FAST_TRIGGER = "Fast cancel is not allowed for trigger orders."  # ours
EMPTY_BATCH = "Batch must have at least one modification."  # ours
TWAP_CONDITIONS = "TWAP conditions are not supported by this sandbox."  # ours


def place(turn: Turn, action: PlaceOrders) -> Answer:
    """Place a batch of orders."""
    if action.builder is not None and not _is_approved(turn, action, action.builder):
        return refused(BUILDER_NOT_APPROVED)
    placed = turn.matching.place_batch(
        action.orders,
        turn.account,
        stamp=turn.stamp,
        builder=action.builder,
        grouping=action.grouping,
        priority_fee=action.priority_fee,
    )
    if isinstance(placed, BatchRefused):
        if placed.is_whole_request:
            return refused(placed.text)
        return _statuses("order", [{"error": placed.text}])
    return _statuses("order", [placement_status(one) for one in placed])


def cancel(turn: Turn, action: CancelOrders) -> Answer:
    """Cancel a batch of orders, each for itself."""
    statuses = [_cancel(turn, target, is_fast=action.is_fast) for target in action.targets]
    return _statuses("cancel", statuses)


def modify(turn: Turn, action: ModifyOrders) -> Answer:
    """Replace orders; a single modification tells only whether it worked."""
    if not action.changes:
        return refused(EMPTY_BATCH)
    if any(change.order.asset not in turn.state.by_asset for change in action.changes):
        return refused(INVALID_ASSET)
    changed = [
        turn.matching.modify(
            change.target,
            change.order,
            turn.account,
            stamp=turn.stamp,
            always_place=action.always_place,
        )
        for change in action.changes
    ]
    if action.is_batch:
        return _statuses("order", [_modified_status(one) for one in changed])
    complaint = _complaint(changed[0])
    return refused(complaint) if complaint is not None else done()


def start_twap(turn: Turn, action: StartTwap) -> Answer:
    """Start a TWAP."""
    market = turn.state.by_asset.get(action.asset)
    if market is None:
        return refused(INVALID_ASSET)
    size = to_scaled(action.size_text, market.spec.size_decimals)
    if action.is_conditional or size is None:
        error = TWAP_CONDITIONS if action.is_conditional else INVALID_SIZE
        return told("twapOrder", {"status": {"error": error}})
    started = turn.matching.twaps.start(
        turn.account,
        market,
        is_buy=action.is_buy,
        size=size,
        reduce_only=action.reduce_only,
        minutes=action.minutes,
        randomise=action.is_randomised,
        stamp=turn.stamp,
    )
    if isinstance(started, str):
        return told("twapOrder", {"status": {"error": started}})
    return told("twapOrder", {"status": {"running": {"twapId": started.twap_id}}})


def stop_twap(turn: Turn, action: StopTwap) -> Answer:
    """Stop a TWAP."""
    market = turn.state.by_asset.get(action.asset)
    if market is None:
        return refused(INVALID_ASSET)
    error = turn.matching.twaps.cancel(
        turn.account, coin=market.spec.name, twap_id=action.twap_id, stamp=turn.stamp
    )
    return told("twapCancel", {"status": "success" if error is None else {"error": error}})


def schedule_cancel(turn: Turn, action: ScheduleCancel) -> str | None:
    """Arm the switch that cancels everything at a time, or disarm it."""
    required = turn.state.config.schedule_cancel_volume_min_usd
    traded = turn.account.volume_micro_usd
    if traded < required * MICRO:
        return SCHEDULE_VOLUME.format(required, money.short_usd(traded))
    if action.time_ms is not None and (action.time_ms < turn.stamp.time_ms + SCHEDULE_AHEAD_MIN_MS):
        return SCHEDULE_TOO_SOON
    turn.account.cancel_all_at_ms = action.time_ms
    return None


def _is_approved(turn: Turn, action: PlaceOrders, builder: BuilderFee) -> bool:
    markets = (turn.state.by_asset.get(request.asset) for request in action.orders)
    is_perp = any(market is not None and market.is_perp for market in markets)
    most = BUILDER_FEE_MAX_PERP if is_perp else BUILDER_FEE_MAX_SPOT
    approved = turn.owner.builder_approvals.get(builder.address, 0)
    return builder.tenths_bp <= min(most, approved)


def _cancel(turn: Turn, target: tuple[int, int | str], *, is_fast: bool) -> object:
    asset, key = target
    order = turn.matching.find(turn.account, key, asset=asset)
    if order is None:
        return {"error": f"{MISSING_ORDER} asset={asset}"}
    if is_fast and order.trigger is not None:
        return {"error": f"{FAST_TRIGGER} asset={asset}"}
    turn.matching.cancel(order, status="canceled", stamp=turn.stamp)
    return "success"


def _modified_status(changed: Placement | BatchRefused) -> object:
    return (
        {"error": changed.text} if isinstance(changed, BatchRefused) else placement_status(changed)
    )


def _complaint(changed: Placement | BatchRefused) -> str | None:
    if isinstance(changed, BatchRefused):
        return changed.text
    return None if changed.refusal is None else changed.refusal.text


def _statuses(kind: str, statuses: list[object]) -> Answer:
    return told(kind, {"statuses": statuses})
