"""Funding: what an account paid and was paid, a coin's past rates, and what venues predict.

A rate is per the interval of the venue it belongs to; here that is an hour.
"""

from dataclasses import dataclass

from router.domain.error import MalformedDataError
from venues.hyperliquid.wire.primitives import (
    Fields,
    integer,
    many,
    optional,
    optional_integer,
    optional_text,
    pair,
    string,
    table,
    text,
)


@dataclass(frozen=True, slots=True)
class Funding:
    """One settlement of funding; a negative amount was paid.

    Attributes
    ----------
    size : str or None
        Signed position it was settled on.
    samples : int or None
        How many premiums the rate is an average of.
    """

    time_ms: int
    coin: str
    amount: str
    size: str | None = None
    rate: str | None = None
    samples: int | None = None
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class FundingRate:
    """What was settled for a coin at an hour, and the average premium it came from."""

    coin: str
    rate: str
    premium: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class PredictedFunding:
    """What a venue would settle next, per `interval_hours` where that is told."""

    venue: str
    rate: str
    next_ms: int
    interval_hours: int | None


@dataclass(frozen=True, slots=True)
class PredictedFundings:
    """What venues predict for a coin; None of a venue that does not trade it."""

    coin: str
    venues: tuple[tuple[str, PredictedFunding | None], ...]


def read_fundings(value: object) -> tuple[Funding, ...]:
    """Read `userFunding`."""
    return many(value, "userFunding", _funding)


def _funding(value: object) -> Funding:
    fields = table(value, "userFunding")
    delta = table(fields.get("delta"), "delta")
    kind = optional_text(delta, "type")
    if kind not in {None, "funding"}:
        raise MalformedDataError(f"type of a funding must be funding, was {kind!r:.80}")
    time_ms, paid_by = integer(fields, "time"), optional_text(fields, "hash")
    return read_settlement(delta, time_ms=time_ms, paid_by=paid_by)


def read_pushed_fundings(value: object) -> tuple[Funding, ...]:
    """Read the settlements of `userFundings`, which are flat."""
    return many(value, "fundings", _flat_funding)


def _flat_funding(value: object) -> Funding:
    fields = table(value, "fundings")
    return read_settlement(
        fields, time_ms=integer(fields, "time"), paid_by=optional_text(fields, "hash")
    )


def read_settlement(fields: Fields, *, time_ms: int, paid_by: str | None) -> Funding:
    """Read the fields of a settlement that was at `time_ms`, in the transaction `paid_by`."""
    return Funding(
        time_ms=time_ms,
        coin=text(fields, "coin"),
        amount=text(fields, "usdc"),
        size=optional_text(fields, "szi"),
        rate=optional_text(fields, "fundingRate"),
        samples=optional_integer(fields, "nSamples"),
        hash=paid_by,
    )


def read_funding_history(value: object) -> tuple[FundingRate, ...]:
    """Read `fundingHistory`."""
    return many(value, "fundingHistory", _funding_rate)


def _funding_rate(value: object) -> FundingRate:
    fields = table(value, "fundingHistory")
    return FundingRate(
        coin=text(fields, "coin"),
        rate=text(fields, "fundingRate"),
        premium=text(fields, "premium"),
        time_ms=integer(fields, "time"),
    )


def read_predicted_fundings(value: object) -> tuple[PredictedFundings, ...]:
    """Read `predictedFundings`."""
    return many(value, "predictedFundings", _of_coin)


def _of_coin(value: object) -> PredictedFundings:
    coin, venues = pair(value, "predictedFundings")
    return PredictedFundings(
        string(coin, "predictedFundings"), many(venues, "predictedFundings", _of_venue)
    )


def _of_venue(value: object) -> tuple[str, PredictedFunding | None]:
    name, told = pair(value, "predictedFundings")
    venue = string(name, "predictedFundings")
    return venue, optional(told, lambda body: _predicted(venue, table(body, "predictedFundings")))


def _predicted(venue: str, fields: Fields) -> PredictedFunding:
    return PredictedFunding(
        venue=venue,
        rate=text(fields, "fundingRate"),
        next_ms=integer(fields, "nextFundingTime"),
        interval_hours=optional_integer(fields, "fundingIntervalHours"),
    )
