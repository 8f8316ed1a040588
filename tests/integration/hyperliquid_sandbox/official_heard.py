"""Which methods of the venue's own client the day used; a part of `official_day.py`."""

import inspect

from hyperliquid.exchange import Exchange
from hyperliquid.info import Info


class Heard:
    """A client that is used as it is, and the names of what was taken from it."""

    def __init__(self, client, used):
        self._client = client
        self._used = used

    def __getattr__(self, name):
        self._used.add(name)
        return getattr(self._client, name)


def unused(used):
    """Return the public methods of the client that the day left out."""
    methods = {
        name
        for kind in (Info, Exchange)
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }
    return sorted(methods - used)
