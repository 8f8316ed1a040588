"""Who may do what: one table of roles, and the accounts a key is for.

Decides about permissions and accounts, and nothing else; who somebody is was decided before. What
is not in the table is not allowed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from router.domain.error import RouterError
from router.domain.switch import TradingState
from router.gateway.config import EVERY, ClientSettings, FixSessionSettings, KeySettings, Role


class Permission(StrEnum):
    """One thing that may be done; clients and records may rely on the words."""

    DESK_READ = "desk_read"  # instruments, algos, venues' health, liquidity, switches, status
    QUOTE = "quote"  # dry runs
    ORDERS_READ = "orders_read"  # orders, plans, reports, streams of them, net positions
    ORDERS_WRITE = "orders_write"  # submit and amend, baskets too
    CANCEL = "cancel"  # one order or many
    MARGIN_READ = "margin_read"  # balances, margin, stress, funding, profit: of the whole desk
    JOURNAL_READ = "journal_read"
    HALT = "switch_tighten"  # nothing but to halt
    RESUME = "switch_loosen"  # any other setting of a switch
    LIMITS = "limits"  # read the limits of the file anew
    RECONCILE = "reconcile"
    ACCEPT = "accept"  # take the venues' word for a difference
    BUST = "bust"  # take a fill back, or correct it
    AUDIT_READ = "audit_read"


_P = Permission
_LOOKING: Final = frozenset(
    {_P.DESK_READ, _P.QUOTE, _P.ORDERS_READ, _P.MARGIN_READ, _P.JOURNAL_READ}
)
PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    "viewer": _LOOKING,
    "trader": _LOOKING | {_P.ORDERS_WRITE, _P.CANCEL},
    "risk": _LOOKING | {_P.CANCEL, _P.HALT, _P.RESUME, _P.LIMITS, _P.RECONCILE, _P.ACCEPT, _P.BUST},
    "kill": frozenset({_P.DESK_READ, _P.CANCEL, _P.HALT}),
    "ops": frozenset({_P.DESK_READ, _P.JOURNAL_READ, _P.LIMITS, _P.RECONCILE}),
    "admin": frozenset({_P.DESK_READ, _P.JOURNAL_READ, _P.AUDIT_READ}),
}
OF_SESSION: Final[Mapping[str, frozenset[Permission]]] = {
    "order-entry": frozenset({_P.DESK_READ, _P.QUOTE, _P.ORDERS_READ, _P.ORDERS_WRITE, _P.CANCEL}),
    "drop-copy": frozenset({_P.ORDERS_READ}),
    "quotes": frozenset({_P.DESK_READ, _P.QUOTE}),
}
# What is of all clients together: only for who has the whole desk in its scope.
WHOLE_DESK: Final = frozenset(
    {
        *(_P.MARGIN_READ, _P.JOURNAL_READ, _P.HALT, _P.RESUME, _P.LIMITS, _P.RECONCILE, _P.ACCEPT),
        *(_P.BUST, _P.AUDIT_READ),
    }
)


class AccessError(RouterError):
    """Somebody is known and may not do it.

    Attributes
    ----------
    permission : Permission
        What would be needed.
    account : str | None
        For which account, if for one.
    """

    def __init__(self, permission: Permission, account: str | None) -> None:
        where = "" if account is None else f" for account {account!r}"
        super().__init__(f"not permitted: this key has no {permission}{where}")
        self.permission = permission
        self.account = account


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who has shown who they are.

    Attributes
    ----------
    key : str
        The id of the key, or the name of the FIX session.
    client : str
        Whose names of orders theirs are; empty for who trades at the desk itself.
    accounts : tuple of str | None
        The accounts in scope; None for the whole desk.
    """

    key: str
    client: str
    roles: tuple[str, ...]
    permissions: frozenset[Permission]
    accounts: tuple[str, ...] | None

    def permits(self, permission: Permission, account: str | None = None) -> bool:
        """Tell whether something may be done.

        Parameters
        ----------
        account : str | None
            The trading account it concerns (of an order: the order's own, not what the request
            says). None where it concerns none, or where the answer is cut to `accounts` anyway.
        """
        if permission not in self.permissions:
            return False
        if self.accounts is None:
            return True
        return permission not in WHOLE_DESK and (account is None or account in self.accounts)

    def require(self, permission: Permission, account: str | None = None) -> None:
        """Refuse what may not be done.

        Raises
        ------
        AccessError
            Naming the permission and the account.
        """
        if not self.permits(permission, account):
            raise AccessError(permission, account)

    @property
    def sees_the_desk(self) -> bool:
        """Whether it may know what all clients together hold, and how margin stands."""
        return self.permits(Permission.MARGIN_READ)

    @property
    def scope(self) -> dict[str, object]:
        """The fields ``client`` and ``accounts`` that cut a list to what may be seen."""
        if self.accounts is None:
            return {}
        return {"client": self.client, "accounts": list(self.accounts)}

    @property
    def only_account(self) -> str | None:
        """The account that is meant where none is said; None where there are several."""
        accounts = self.accounts or ()
        return accounts[0] if len(accounts) == 1 else None


def of_key(client: str, settings: ClientSettings, key: KeySettings) -> Principal:
    """Return who signs with a key of a client."""
    return Principal(
        key=key.id,
        client=client,
        roles=tuple(sorted(key.roles)),
        permissions=permissions_of(key.roles),
        accounts=None if EVERY in key.accounts else key.accounts or settings.accounts,
    )


def of_session(name: str, client: ClientSettings, session: FixSessionSettings) -> Principal:
    """Return who speaks on a FIX session; a drop copy of ``*`` tells of the whole desk."""
    return Principal(
        key=name,
        client=session.client,
        roles=(session.kind,),
        permissions=OF_SESSION[session.kind],
        accounts=None if EVERY in session.accounts else session.accounts or client.accounts,
    )


def permissions_of(roles: Collection[Role]) -> frozenset[Permission]:
    """Return what roles may do together."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


def of_switch(state: TradingState) -> Permission:
    """Return what it takes to set a switch.

    Only a halt surely tightens: what any other state amounts to depends on what somebody else sets
    in the meantime.
    """
    return Permission.HALT if state is TradingState.HALTED else Permission.RESUME


# Who opens a door without keys on the loopback could open the file of the link just as well.
UNSIGNED: Final = Principal(
    key="local",
    client="",
    roles=("admin", "kill", "ops", "risk", "trader", "viewer"),
    permissions=frozenset(Permission),
    accounts=None,
)
