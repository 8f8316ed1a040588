"""Money that came to or left the perpetual account without a trade, from the venue's own ledger.

Only what moves the collateral of the venue's own dex: spot balances and other dexs have theirs.
Liquidations are trades the venue forced, and no transfers. Refuses to guess what a kind that is not
known has moved: such a row is left out, and what it did shows as a difference.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from router.domain.account import Transfer
from router.domain.units import Amount, AssetId
from venues.hyperliquid import translate, wire
from venues.hyperliquid.spec import COLLATERAL_DECIMALS

_PERP: Final = ""  # how a `send` names the venue's own dex
_COLLATERAL: Final = "USDC"

_Key = tuple[int, str, str, bytes]


class Transfers:
    """The rows known of one account, each once."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._rows: dict[_Key, wire.LedgerUpdate] = {}

    def take(self, rows: Iterable[wire.LedgerUpdate]) -> None:
        """Take rows, old or new.

        Raises
        ------
        MalformedDataError
            If an amount cannot be read.
        """
        for row in rows:
            moved(row, self._address)
            self._rows[_key(row)] = row

    def forget(self, *, before_ms: int) -> None:
        """Drop what happened before a moment."""
        self._rows = {key: row for key, row in self._rows.items() if row.time_ms >= before_ms}

    def is_at(self, time_ms: int) -> bool:
        """Tell whether something moved in this very millisecond."""
        return any(row.time_ms == time_ms for row, _ in self._moving())

    def change(self, *, since_ms: int, until_ms: int) -> int:
        """Return the atoms that came in, less those that left, from a moment on before another."""
        return sum(atoms for row, atoms in self._moving() if since_ms <= row.time_ms < until_ms)

    def told(self, asset: AssetId, *, since_ms: int, until_ms: int) -> tuple[Transfer, ...]:
        """Return the transfers from a moment on and before another, oldest first."""
        seen: dict[str, int] = {}
        found = []
        for row, atoms in self._moving():
            if not since_ms <= row.time_ms < until_ms:
                continue
            name = f"{row.kind}:{row.time_ms}:{row.hash}"
            seen[name] = count = seen.get(name, 0) + 1
            found.append(
                Transfer(
                    id=name if count == 1 else f"{name}:{count}",
                    amount=Amount(asset, atoms),
                    detail=_detail(row, self._address),
                    at_venue=translate.to_ns(row.time_ms),
                    is_own=_is_own(row, self._address),
                )
            )
        return tuple(found)

    # In an order of their own, so that equal rows of one action are numbered alike each time.
    def _moving(self) -> list[tuple[wire.LedgerUpdate, int]]:
        each = ((row, moved(row, self._address)) for _, row in sorted(self._rows.items()))
        return [(row, atoms) for row, atoms in each if atoms]


def moved(row: wire.LedgerUpdate, address: str) -> int | None:
    """Return what a row did to the collateral, in atoms; None where it is of something else.

    Raises
    ------
    MalformedDataError
        If it is of a known kind and its amount cannot be read.
    """
    reader = _KINDS.get(row.kind)
    return None if reader is None else reader(row.delta, address)


def _key(row: wire.LedgerUpdate) -> _Key:
    return row.time_ms, row.hash, row.kind, wire.encode(row.delta)


def _detail(row: wire.LedgerUpdate, address: str) -> str:
    named = (row.delta.get(key) for key in ("user", "destination", "vault"))
    others = [n for n in named if isinstance(n, str) and n.lower() != address]
    return f"{row.kind} {others[0].lower()}" if others else row.kind


# Between two balances of the account itself.
def _is_own(row: wire.LedgerUpdate, address: str) -> bool:
    to = row.delta.get("destination")
    return row.kind == "accountClassTransfer" or (
        row.kind == "send"
        and isinstance(to, str)
        and to.lower() == address
        and _is_from(row.delta, address)
    )


def _usdc(delta: wire.Fields, key: str = "usdc") -> int:
    return translate.exact(wire.text(delta, key), COLLATERAL_DECIMALS, key)


def _fee(delta: wire.Fields) -> int:
    told = wire.optional_text(delta, "fee")
    return 0 if told is None else translate.exact(told, COLLATERAL_DECIMALS, "fee")


def _is_from(delta: wire.Fields, address: str) -> bool:
    return wire.text(delta, "user").lower() == address


def _deposit(delta: wire.Fields, _address: str) -> int:
    return _usdc(delta)


def _withdraw(delta: wire.Fields, _address: str) -> int:
    return -_usdc(delta) - _fee(delta)


def _class_transfer(delta: wire.Fields, _address: str) -> int:
    return _usdc(delta) if wire.boolean(delta, "toPerp") else -_usdc(delta)


def _between_accounts(delta: wire.Fields, address: str) -> int:
    return -_usdc(delta) - _fee(delta) if _is_from(delta, address) else _usdc(delta)


def _send(delta: wire.Fields, address: str) -> int | None:
    if wire.text(delta, "token") != _COLLATERAL:
        return None
    sent = _is_from(delta, address) and wire.text(delta, "sourceDex") == _PERP
    to = wire.text(delta, "destination").lower()
    came = to == address and wire.text(delta, "destinationDex") == _PERP
    if not sent and not came:
        return None
    amount = _usdc(delta, "amount")
    return (amount if came else 0) - (amount + _fee(delta) if sent else 0)


def _vault_deposit(delta: wire.Fields, address: str) -> int:
    atoms = _usdc(delta) + _fee(delta)
    return _usdc(delta) if wire.text(delta, "vault").lower() == address else -atoms


def _vault_withdraw(delta: wire.Fields, address: str) -> int | None:
    return _usdc(delta, "netWithdrawnUsd") if _is_from(delta, address) else None


def _vault_payment(delta: wire.Fields, address: str) -> int | None:
    is_vaults = (wire.optional_text(delta, "vault") or "").lower() == address
    return None if is_vaults else _usdc(delta)


_KINDS: Final[Mapping[str, Callable[[wire.Fields, str], int | None]]] = {
    "deposit": _deposit,
    "withdraw": _withdraw,
    "accountClassTransfer": _class_transfer,
    "internalTransfer": _between_accounts,
    "subAccountTransfer": _between_accounts,
    "send": _send,
    "vaultCreate": _vault_deposit,
    "vaultDeposit": _vault_deposit,
    "vaultWithdraw": _vault_withdraw,
    "vaultDistribution": _vault_payment,
    "vaultLeaderCommission": _vault_payment,
}
