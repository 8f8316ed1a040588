"""The versions of FIX that are spoken: the meaning is that of 4.4, some write it otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_REJECTS_42: Final = frozenset({"0", "1", "2", "3", "4", "5", "6", "8"})
_CANCEL_REJECTS_42: Final = frozenset({"0", "1", "3"})
_BROKER: Final = "0"
_BROKER_CANCEL: Final = "2"


@dataclass(frozen=True, slots=True)
class Dialect:
    """A version of the application messages.

    Attributes
    ----------
    begin_string : str
        BeginString(8) of its messages.
    has_trades : bool
        ExecType has Trade, Correct, Cancel and Status; else ExecTransType(20) says so.
    has_parties : bool
        Knows Parties, SecondaryExecID, CopyMsgIndicator, fees and liquidity of a fill, and the
        messages for many orders, positions and securities.
    has_mass_reports : bool
        Reports of a mass cancel have names of their own, MassActionReportID(1369).
    """

    name: str
    begin_string: str
    has_trades: bool = True
    has_parties: bool = True
    has_mass_reports: bool = False

    def order_reject(self, reason: str) -> str:
        """Return OrdRejReason(103); the broker's own where the version has no such number."""
        return reason if self.has_parties or reason in _REJECTS_42 else _BROKER

    def cancel_reject(self, reason: str) -> str:
        """Return CxlRejReason(102); the broker's own where the version has no such number."""
        return reason if self.has_parties or reason in _CANCEL_REJECTS_42 else _BROKER_CANCEL


FIX42: Final = Dialect("FIX.4.2", "FIX.4.2", has_trades=False, has_parties=False)
FIX44: Final = Dialect("FIX.4.4", "FIX.4.4")
FIX50SP2: Final = Dialect("FIX.5.0SP2", "FIXT.1.1", has_mass_reports=True)
_BY_BEGIN: Final[Mapping[str, Dialect]] = {d.begin_string: d for d in (FIX42, FIX44, FIX50SP2)}


def of(begin_string: str) -> Dialect:
    """Return the dialect of a session; the configuration admits no other BeginString."""
    return _BY_BEGIN[begin_string]
