"""Scenes by name."""

from collections.abc import Mapping

from venues.sandbox.hyperliquid.config import SceneConfig, Shock

_MINUTE_MS = 60_000

SCENES: Mapping[str, SceneConfig | None] = {
    "none": None,
    "calm": SceneConfig(),
    "rough": SceneConfig(volatility_percent_year=200, jumps_per_day=500, noise_per_minute=90),
    "cascade": SceneConfig(
        crowd=200,
        crowd_deposit_usd=50_000,
        shocks=(Shock(start_ms=10 * _MINUTE_MS, duration_ms=5 * _MINUTE_MS, bps=-2_500),),
    ),
}
"""The house alone; an ordinary day; a bad one; a crowd of longs, and a quarter down in five minutes
after ten."""
