"""Client sessions that go where their URL says and nowhere else.

Names are resolved to addresses that `url.check_address` lets pass, and no redirect is followed: who
answers must not choose whom we ask next.
"""

import errno
import ipaddress
import socket
from types import SimpleNamespace
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from typing_extensions import override

from router.domain.error import ConfigError
from venues.transport.url import check_address

_NO_DEADLINE: Final = aiohttp.ClientTimeout(total=None)  # it is the caller's, per request


class RedirectedError(aiohttp.ClientError):
    """The server sent us to another place."""


class _Resolver(AbstractResolver):
    """Resolves names; a name of an address that is refused does not exist."""

    def __init__(self) -> None:
        self._system = ThreadedResolver()

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        for each in found:
            try:
                check_address(ipaddress.ip_address(each["host"].partition("%")[0]))
            except ConfigError as error:
                raise OSError(errno.EADDRNOTAVAIL, str(error)) from None
        return found

    @override
    async def close(self) -> None:
        await self._system.close()


def open_session(*traces: aiohttp.TraceConfig) -> aiohttp.ClientSession:
    """Return a session without a deadline of its own; needs a running event loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=_Resolver()),
        timeout=_NO_DEADLINE,
        trace_configs=[_no_redirects(), *traces],
    )


# aiohttp follows redirects of a WebSocket's upgrade, and offers no other way to forbid it.
def _no_redirects() -> aiohttp.TraceConfig:
    async def refuse(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        params: aiohttp.TraceRequestRedirectParams,
    ) -> None:
        params.response.close()
        raise RedirectedError(f"it answered HTTP {params.response.status}, a redirect")

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(refuse)
    return trace
