"""Daemons that die: forked from a process that has imported everything, killed at a chosen point.

Started as a program, it reads one case a line. For each it forks a daemon that serves orders at its
door as `headrace run` does, and writes three lines: its process id, how many seconds it took until
its accounts had been looked at, and how it ended. A daemon that dies early skips the second.
"""

import asyncio
import os
import random
import signal
import sys
import time
from asyncio import selector_events
from dataclasses import replace
from pathlib import Path

import cvxpy
import eth_account
import orjson

import router.optimiser.solve
import venues.evm.settings
import venues.hyperliquid.settings
from router.compose import requests
from router.compose.assembly import assemble
from router.compose.desk import open_desk
from router.domain.error import NoRouteError, SolverError
from router.domain.plan import NoRouteReason
from router.domain.verdict import Refused
from router.gateway import local
from router.journal import codec
from router.shell import checkpoint_store, observe
from router.shell.clock import SystemClock
from tests.integration.crash import naive

IMPORTED = (cvxpy, eth_account, venues.hyperliquid.settings, venues.evm.settings)
CHECKPOINT_EVERY = 60  # records: often enough that kills meet them


class InlineSolver:
    """Plans in this process: a fork must not start processes of its own only to be killed."""

    async def solve(self, problem):
        try:
            return router.optimiser.solve.solve(problem)
        except NoRouteError as error:
            return Refused(error.reason, str(error))
        except SolverError as error:
            return Refused(NoRouteReason.SOLVER, str(error))


class Gun:
    """Kills this process when it comes by a point for the so manieth time.

    Parameters
    ----------
    point : str | None
        None: never.
    """

    def __init__(self, point, nth):
        self.point = point
        self._left = nth
        self.is_aimed_at_bytes = False

    def at(self, point):
        if point == self.point:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class ArmedJournal:
    """A journal with points around every record."""

    def __init__(self, journal, gun):
        self._journal = journal
        self._gun = gun

    @property
    def tip(self):
        return self._journal.tip

    def append(self, record):
        kind = type(codec.decode_event(record.event)).__name__
        self._gun.at(f"before {kind}")
        durable = self._journal.append(record)
        self._gun.at(f"accepted {kind}")
        durable.add_done_callback(lambda _: self._gun.at(f"durable {kind}"))
        return durable


class ArmedVenue:
    """A venue with points before each request, when its bytes are out, and after its answer."""

    def __init__(self, venue, gun):
        self._venue = venue
        self._gun = gun

    def __getattr__(self, name):  # what a venue can do beside the protocol is asked by its methods
        return getattr(self._venue, name)

    async def sign(self, *args):
        return await self._around("sign", args)

    async def submit(self, *args):
        return await self._around("submit", args)

    async def resolve(self, *args):
        return await self._around("resolve", args)

    async def cancel(self, *args):
        return await self._around("cancel", args)

    async def replace(self, *args):
        return await self._around("replace", args)

    async def read_account(self, *args):
        return await self._around("read_account", args)

    async def _around(self, verb, args):
        self._gun.at(f"call {verb}")
        if self._gun.point == f"sent {verb}":
            self._gun.is_aimed_at_bytes = True
        answer = await getattr(self._venue, verb)(*args)
        self._gun.is_aimed_at_bytes = False
        self._gun.at(f"reply {verb}")
        return answer


# The bytes of a request are the kernel's when the write returns: the counterparty will read them.
def _watch_bytes(gun):
    plain = selector_events._SelectorSocketTransport.write  # noqa: SLF001 - where bytes leave

    def write(self, data):
        plain(self, data)
        if gun.is_aimed_at_bytes:
            gun.at(gun.point)

    selector_events._SelectorSocketTransport.write = write  # noqa: SLF001 - as above


def _say(**facts):
    os.write(1, orjson.dumps(facts) + b"\n")


async def _serve(case, began):
    gun = Gun(case["point"], case["nth"])
    _watch_bytes(gun)
    checkpoint_store._EVERY = checkpoint_store._SOME = CHECKPOINT_EVERY  # noqa: SLF001 - as on a desk with a long day
    assembly = assemble(Path(case["config"]), case["environment"], SystemClock())
    setups = tuple(replace(s, venue=ArmedVenue(s.venue, gun)) for s in assembly.setups)
    assembly = replace(assembly, setups=setups)
    if case["is_naive"]:
        await naive.serve(assembly, case["url"], lambda: _say(ready=time.monotonic() - began))
        return

    def wrap(journal):
        return ArmedJournal(journal, gun)

    stop, looked = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_desk(assembly, wrap=wrap, solver=InlineSolver()) as desk:

        async def work(request, tell):
            return await requests.answer(desk, request, tell)

        desk.runtime.watch(lambda _event, world: world.is_ready and looked.set())
        async with local.listening(local.socket_path(assembly.config.journal), work):
            await looked.wait()
            _say(ready=time.monotonic() - began)
            await stop.wait()


def _child(case, began):
    random.seed(0)  # of libraries; whoever forks gets other pauses otherwise
    log = os.open(case["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 2)
    code = 1
    try:
        asyncio.run(_serve(case, began))
        code = 0
    except BaseException:  # noqa: BLE001 - whoever asked sees the code, and the log says why
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def main():
    """Serve cases until standard input ends."""
    observe.configure(verbose=False)
    _say(imported=True)
    for line in sys.stdin:
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _child(orjson.loads(line), began)
        _say(pid=pid)
        _, status = os.waitpid(pid, 0)
        _say(code=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
