"""Prices somebody else writes into a file: an index without a connection of our own.

One line a price: base, quote, the price in whole units, and when it was so, in milliseconds since
the epoch, apart by spaces. Whoever writes it puts a new file in the old one's place. Refuses lines
it cannot read, all of them at once: half an index is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from router.domain.error import MalformedDataError
from router.domain.instrument import Asset
from router.domain.price import PriceKind, SourcePrice
from router.domain.units import AssetId, Price, TimestampNs, parse_decimal

_NS_PER_MS: Final = 1_000_000
_WORDS: Final = 4
_DECIMALS: Final = 30
_BYTES_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class PriceFile:
    """An index that is a file; `assets` are those configured."""

    name: str
    path: Path
    assets: Mapping[str, Asset]

    async def read_prices(self) -> tuple[SourcePrice, ...]:
        """Return the prices of configured assets.

        Raises
        ------
        MalformedDataError
            If the file is not there, too large, or has a line that is none.
        """
        try:
            with self.path.open("rb") as file:
                data = file.read(_BYTES_MAX + 1)
            if len(data) > _BYTES_MAX:
                raise MalformedDataError(f"{self.path}: is larger than {_BYTES_MAX} bytes")
            lines = data.decode("ascii").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise MalformedDataError(f"{self.path}: cannot be read: {error}") from error
        found = (self._price(place, line) for place, line in enumerate(lines, 1) if line.strip())
        return tuple(price for price in found if price is not None)

    def _price(self, place: int, line: str) -> SourcePrice | None:
        words = line.split()
        if len(words) != _WORDS:
            raise MalformedDataError(
                f"{self.path}:{place}: must be base, quote, price and milliseconds,"
                f" was {line!r:.80}"
            )
        base, quote, price, at_ms = words
        try:
            scaled, at = parse_decimal(price, _DECIMALS), parse_decimal(at_ms, 0)
        except ValueError as error:
            raise MalformedDataError(f"{self.path}:{place}: {error}") from error
        if scaled <= 0:
            raise MalformedDataError(f"{self.path}:{place}: price must be positive, was {price}")
        if base not in self.assets or quote not in self.assets:
            return None
        quote_atoms = scaled * 10 ** self.assets[quote].decimals
        base_atoms = 10 ** (self.assets[base].decimals + _DECIMALS)
        return SourcePrice(
            source=self.name,
            kind=PriceKind.INDEX,
            instrument=None,
            price=Price(AssetId(base), AssetId(quote), quote_atoms, base_atoms),
            at=TimestampNs(at * _NS_PER_MS),
        )
