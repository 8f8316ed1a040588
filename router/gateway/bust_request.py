"""A person's words to a fill that never was, or was another; every fault names the field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.error import OrderError
from router.domain.instrument import Asset
from router.domain.order import Fill
from router.domain.units import Amount, AssetId, ChildId, parse_decimal

_TERMS: Final = ("quantity", "notional", "fee")
_FIELDS: Final = ("child", "fill", "reason", "by", *_TERMS)
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_WORDS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Bust:
    """What somebody says of a fill, understood but for its units.

    Attributes
    ----------
    corrected : Mapping[str, str]
        What was filled instead; empty: nothing.
    """

    child: ChildId
    fill: str
    corrected: Mapping[str, str]
    reason: str
    by: str

    @property
    def corrected_id(self) -> str:
        """The identity of what was filled instead."""
        return f"{self.fill}.c"

    def correction(self, fill: Fill, assets: Mapping[str, Asset]) -> Fill | None:
        """Return what a fill was instead, in its own units; None where it was nothing.

        Raises
        ------
        OrderError
            Naming the field and the remedy.
        """
        if not self.corrected:
            return None
        quantity = self._amount("quantity", fill.quantity.asset, assets)
        notional = self._amount("notional", fill.notional.asset, assets)
        if quantity.atoms <= 0 or notional.atoms <= 0:
            field = "quantity" if quantity.atoms <= 0 else "notional"
            raise OrderError(f"{field}: must be positive; leave it out where nothing was filled")
        fee = self._amount("fee", fill.fee.asset, assets)
        return Fill(
            id=self.corrected_id,
            child=fill.child,
            instrument=fill.instrument,
            quantity=quantity,
            notional=notional,
            fee=fee,
            at_venue=fill.at_venue,
            residue=fill.residue,
        )

    def _amount(self, field: str, asset: AssetId, assets: Mapping[str, Asset]) -> Amount:
        if asset not in assets:
            raise OrderError(f"{field}: {asset} is no longer configured; put it back to correct it")
        try:
            return Amount(asset, parse_decimal(self.corrected[field], assets[asset].decimals))
        except ValueError as error:
            raise OrderError(f"{field}: {error}") from None


def parse_bust(request: Mapping[str, str]) -> Bust:
    """Make it of a flat mapping: ``child``, ``fill``, ``reason``, ``by``; of a correction, more.

    A correction names ``quantity`` (of the base), ``notional`` (of the quote) and ``fee``.

    Raises
    ------
    OrderError
        Naming the field and the remedy.
    """
    for name in sorted(request.keys() - set(_FIELDS)):
        raise OrderError(f"{name}: unknown field; use {', '.join(_FIELDS)}")
    corrected = {name: request[name] for name in _TERMS if name in request}
    for name in sorted(set(_TERMS) - corrected.keys()) if corrected else ():
        raise OrderError(f"{name}: missing; a correction says quantity, notional and fee")
    by = request.get("by", "")
    if not _NAME.match(by):
        raise OrderError("by: must be 1 to 64 letters, digits, dots, dashes: say who asks")
    return Bust(
        child=ChildId(_words(request, "child", "which order at a venue")),
        fill=_words(request, "fill", "which fill, by the venue's identity of it"),
        corrected=corrected,
        reason=_words(request, "reason", "why, for the record"),
        by=by,
    )


def _words(request: Mapping[str, str], field: str, meaning: str) -> str:
    text = " ".join(request.get(field, "").split())
    if not text:
        raise OrderError(f"{field}: must say {meaning}")
    if len(text) > _WORDS_MAX:
        raise OrderError(f"{field}: must be at most {_WORDS_MAX} characters")
    return text
