"""How many connections there are, and how many of each address: nobody may have all of them.

What has no connection left is hung up on, a cancel as well; so one address, which needs no key to
connect, has a share only. An IPv6 network of 64 bits is one address.
"""

from collections import Counter

from router.gateway.rates import source_of


class Shares:
    """The connections that are open.

    Parameters
    ----------
    most : int
        In all.
    each : int
        Of one address.
    """

    def __init__(self, most: int, each: int) -> None:
        self._most = most
        self._each = each
        self._open: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Count one more; tell whether it may stay. Every one is given back when it is lost."""
        source = source_of(address)
        self._open[source] += 1
        return self._open[source] <= self._each and self._open.total() <= self._most

    def give_back(self, address: str) -> None:
        """Count one less."""
        source = source_of(address)
        self._open[source] -= 1
        if self._open[source] == 0:
            del self._open[source]
