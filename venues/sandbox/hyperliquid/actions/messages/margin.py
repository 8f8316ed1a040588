"""Leverage and isolated margin, as clients ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from venues.sandbox.hyperliquid.actions.messages.form import Form, l1
from venues.sandbox.hyperliquid.actions.reading import (
    boolean,
    integer,
    key,
    number,
    signed_integer,
)


@dataclass(frozen=True, slots=True)
class UpdateLeverage:
    """Action `updateLeverage`."""

    asset: int
    is_cross: bool
    leverage: int


@dataclass(frozen=True, slots=True)
class UpdateIsolatedMargin:
    """Action `updateIsolatedMargin`; a negative amount is taken out. `isBuy` has no meaning yet."""

    asset: int
    micro_usd: int


@dataclass(frozen=True, slots=True)
class TopUpIsolated:
    """Action `topUpIsolatedOnlyMargin`: add what brings the position down to a leverage."""

    asset: int
    leverage_text: str


MarginAction: TypeAlias = UpdateLeverage | UpdateIsolatedMargin | TopUpIsolated

FORMS: Mapping[str, Form[MarginAction]] = {
    "updateLeverage": l1(
        key("asset", integer),
        key("isCross", boolean),
        key("leverage", integer),
        build=lambda normal: UpdateLeverage(
            asset=normal["asset"], is_cross=normal["isCross"], leverage=normal["leverage"]
        ),
    ),
    "updateIsolatedMargin": l1(
        key("asset", integer),
        key("isBuy", boolean),
        key("ntli", signed_integer),
        build=lambda normal: UpdateIsolatedMargin(asset=normal["asset"], micro_usd=normal["ntli"]),
    ),
    "topUpIsolatedOnlyMargin": l1(
        key("asset", integer),
        key("leverage", number),
        build=lambda normal: TopUpIsolated(asset=normal["asset"], leverage_text=normal["leverage"]),
    ),
}
