"""What the desk says of orders and accounts, as values.

Amounts are decimals, never floats; times are nanoseconds since the epoch. What a later desk says
besides is in `data`, as it came.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Generic, Literal, Self, TypeAlias, TypeVar

Side: TypeAlias = Literal["buy", "sell"]
Data: TypeAlias = Mapping[str, Any]

T = TypeVar("T")

_ENDED: Final = frozenset({"filled", "canceled", "expired", "rejected"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order to send.

    Attributes
    ----------
    client_order_id : str
        The order's name: one name stands for one order, however often it is sent. 1 to 64 letters,
        digits, dots, dashes.
    quantity : Decimal
        In `quantity_asset`; in the base where that is None.
    limit_price : Decimal | None
        Quote units for one base unit.
    time_in_force : str
        ``deadline``, ``ioc`` or ``fok``.
    algo : Mapping[str, str]
        ``{"algo": "twap", "duration_s": "60", ...}``; empty is a sweep.
    more : Mapping[str, object]
        Any other field of the desk's.
    """

    client_order_id: str
    side: Side
    quantity: Decimal
    base: str
    quote: str
    quantity_asset: str | None = None
    limit_price: Decimal | None = None
    slippage_max_bps: Decimal | None = None
    deadline_s: Decimal | None = None
    time_in_force: str | None = None
    venues: tuple[str, ...] = ()
    account: str | None = None
    algo: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, object] = field(default_factory=dict)

    def words(self) -> dict[str, object]:
        """Return the order as the desk reads it, without what is not said."""
        said: dict[str, object] = {
            "client_order_id": self.client_order_id,
            "side": self.side,
            "quantity": plain(self.quantity),
            "base": self.base,
            "quote": self.quote,
            "quantity_asset": self.quantity_asset,
            "limit_price": _plain(self.limit_price),
            "slippage_max_bps": _plain(self.slippage_max_bps),
            "deadline_s": _plain(self.deadline_s),
            "time_in_force": self.time_in_force,
            "venues": list(self.venues) or None,
            "account": self.account,
        }
        return {**{k: v for k, v in said.items() if v is not None}, **self.algo, **self.more}


@dataclass(frozen=True, slots=True)
class Order:
    """Where an order stands.

    Attributes
    ----------
    id : str
        The desk's name of it.
    client_order_id : str
        The client's.
    ordered, cumulative, leaves : Decimal
        In the asset the order's quantity is in.
    """

    id: str
    client_order_id: str
    side: Side
    base: str
    quote: str
    status: str
    ordered: Decimal
    cumulative: Decimal
    leaves: Decimal
    average_price: Decimal | None
    algo: str
    pending: str | None
    data: Data = field(repr=False)

    @property
    def is_done(self) -> bool:
        """Whether it has ended: nothing of it will trade any more."""
        return self.status in _ENDED

    @classmethod
    def of(cls, data: Data) -> Self:
        """Read an order."""
        return cls(
            id=data["order"],
            client_order_id=data["client_order_id"],
            side=data["side"],
            base=data["base"],
            quote=data["quote"],
            status=data["status"],
            ordered=Decimal(data["ordered"]),
            cumulative=Decimal(data["cumulative"]),
            leaves=Decimal(data["leaves"]),
            average_price=_decimal(data["average_price"]),
            algo=data["algo"],
            pending=data["pending"],
            data=data,
        )


@dataclass(frozen=True, slots=True)
class Alteration:
    """What became of a cancel or an amendment.

    Attributes
    ----------
    result : str
        ``done``, ``pending`` (the same request asks again) or ``refused``.
    """

    request: str
    result: str
    message: str
    order: Order

    @classmethod
    def of(cls, data: Data) -> Self:
        """Read one."""
        return cls(data["request"], data["result"], data["message"], Order.of(data))


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution; the venue's fee is not in its price."""

    id: str
    child: str
    instrument: str
    quantity: Decimal
    notional: Decimal
    price: Decimal | None
    fee: Decimal
    fee_asset: str

    @classmethod
    def of(cls, data: Data) -> Self:
        """Read one."""
        return cls(
            id=data["id"],
            child=data["child"],
            instrument=data["instrument"],
            quantity=Decimal(data["quantity"]),
            notional=Decimal(data["notional"]),
            price=_decimal(data["price"]),
            fee=Decimal(data["fee"]),
            fee_asset=data["fee_asset"],
        )


@dataclass(frozen=True, slots=True)
class Report:
    """One thing that happened to an order, exactly once by its place.

    Attributes
    ----------
    place : tuple of int
        Where the stream goes on after.
    kind : str
        ``new``, ``trade``, ``canceled`` and so on: FIX ExecType in words.
    client_order_id : str
        The client's name of the order now.
    request : str | None
        The request it answers.
    """

    place: tuple[int, int]
    exec_id: str
    kind: str
    status: str
    order: str
    client_order_id: str
    request: str | None
    filled_base: Decimal
    filled_quote: Decimal
    leaves: Decimal
    average_price: Decimal | None
    fill: Fill | None
    text: str
    data: Data = field(repr=False)

    @property
    def is_last(self) -> bool:
        """Whether the order has ended with it."""
        return self.status in _ENDED

    @classmethod
    def of(cls, data: Data) -> Self:
        """Read one."""
        sequence, index = data["place"]
        fill = data["fill"]
        return cls(
            place=(int(sequence), int(index)),
            exec_id=data["exec_id"],
            kind=data["kind"],
            status=data["status"],
            order=data["order"],
            client_order_id=data["client_order_id"],
            request=data["request"],
            filled_base=Decimal(data["filled_base"]),
            filled_quote=Decimal(data["filled_quote"]),
            leaves=Decimal(data["leaves"]),
            average_price=_decimal(data["average_price"]),
            fill=None if fill is None else Fill.of(fill),
            text=data["text"],
            data=data,
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list, and where the rest begins; None where this is all."""

    items: tuple[T, ...]
    next: str | None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)


def plain(number: Decimal) -> str:
    """Write a decimal without an exponent."""
    return f"{number:f}"


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
