"""Who is at the other end of a session, as far as the meaning of messages depends on it."""

from dataclasses import dataclass
from typing import Final, Literal

from router.gateway.fix.dialect import Dialect

DAY_S: Final = 86_400
_EVERY: Final = "*"


@dataclass(frozen=True, slots=True)
class Peer:
    """The counterparty of a session.

    Attributes
    ----------
    session : str
        The session's name in the configuration.
    client : str
        Whose order names these are.
    accounts : tuple of str
        What it may trade for; never empty. An order without Account(1) is for the only one.
    by : str
        Who sends where a message names nobody.
    day_ends_s : int
        When a day ends: seconds after midnight UTC.
    """

    session: str
    kind: Literal["order-entry", "drop-copy", "quotes"]
    dialect: Dialect
    client: str
    accounts: tuple[str, ...]
    by: str
    day_ends_s: int = DAY_S

    def may_see(self, account: str) -> bool:
        """Tell whether an account is one of the session's."""
        return _EVERY in self.accounts or account in self.accounts

    @property
    def scope(self) -> dict[str, object]:
        """Whose orders it may see, in the link's words; nothing where it is the whole desk's."""
        if _EVERY in self.accounts:
            return {}
        return {"client": self.client, "accounts": list(self.accounts)}
