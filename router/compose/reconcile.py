"""One look at all accounts of a running desk, when somebody asks for it."""

import asyncio
from typing import Final

from router.domain.error import OrderError
from router.domain.event import AccountsObserved, Event, HourStruck
from router.domain.units import TimestampNs
from router.gateway.reconciliation_data import reconciliation_data
from router.shell.runtime import Runtime
from router.state.world import World

_WITHIN_S: Final = 15.0


async def reconcile(runtime: Runtime, at: TimestampNs) -> dict[str, object]:
    """Have the accounts looked at, and return how the record stands once that is durable.

    Raises
    ------
    OrderError
        If the accounts cannot be read for the time being.
    """
    looked = asyncio.Event()

    def watcher(event: Event, _world: World) -> None:
        if isinstance(event, AccountsObserved):
            looked.set()

    runtime.watch(watcher)
    try:
        runtime.post(HourStruck(at))
        async with asyncio.timeout(_WITHIN_S):
            await looked.wait()
    except TimeoutError:
        problem = f"the accounts could not be read within {_WITHIN_S:g} s"
        raise OrderError(f"{problem}; look at the daemon's log, and ask again") from None
    finally:
        runtime.unwatch(watcher)
    return reconciliation_data(runtime.world)
