"""What a limit or a switch is about: the firm, or an account, strategy, venue or instrument."""

import enum
from dataclasses import dataclass
from typing import Final


class ScopeKind(enum.StrEnum):
    """How much a scope takes in."""

    FIRM = "firm"
    ACCOUNT = "account"
    STRATEGY = "strategy"
    VENUE = "venue"
    INSTRUMENT = "instrument"


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing of a kind; the firm has no name."""

    kind: ScopeKind
    name: str = ""

    @property
    def label(self) -> str:
        """Name it for a person."""
        return f"{self.kind}:{self.name}" if self.name else str(self.kind)


FIRM: Final = Scope(ScopeKind.FIRM)


def parse_scope(label: str) -> Scope:
    """Return the scope of a label, as `Scope.label` writes it.

    Raises
    ------
    ValueError
        Saying what a label must be.
    """
    kind, _, name = label.strip().partition(":")
    if kind not in set(ScopeKind) or (kind == ScopeKind.FIRM) is bool(name):
        others = ", ".join(f"{each}:NAME" for each in ScopeKind if each is not ScopeKind.FIRM)
        raise ValueError(f"must be {ScopeKind.FIRM} or one of {others}, was {label!r}")
    return Scope(ScopeKind(kind), name)
