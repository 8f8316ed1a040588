"""How much one IP may follow: subscriptions, and users over all of them.

Every stream of one IP shares one `Watch`; a stream that shares none has its own.
"""

from collections import Counter

from venues.sandbox.hyperliquid.config import LimitConfig


class Watch:
    """What is followed now."""

    def __init__(self, limits: LimitConfig) -> None:
        self._limits = limits
        self._count = 0
        self._users: Counter[str] = Counter()

    def refusal(self, user: str | None) -> str | None:
        """Return why one more subscription (about `user`) is refused, or None."""
        if not self._limits.by_ip:
            return None
        if self._count >= self._limits.subscriptions:
            return f"Cannot subscribe to more than {self._limits.subscriptions} channels."
        is_new = user is not None and user not in self._users
        if is_new and len(self._users) >= self._limits.users:
            return f"Cannot track more than {self._limits.users} total users."
        return None

    def add(self, user: str | None) -> None:
        """Count a subscription in."""
        self._count += 1
        if user is not None:
            self._users[user] += 1

    def remove(self, user: str | None) -> None:
        """Count a subscription out."""
        self._count -= 1
        if user is not None:
            self._users[user] -= 1
            if self._users[user] == 0:
                del self._users[user]
