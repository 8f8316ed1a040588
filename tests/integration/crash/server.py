"""Runs desks that die: one forked process a case, killed by itself at a chosen record.

Started as a program, it imports everything once, says so, then reads one case a line and answers
with how the process ended. A fork inherits the imports, so a case costs no start-up.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import cvxpy
import eth_account
import orjson

import router.optimiser.solve
import venues.evm.settings
import venues.hyperliquid.settings
from router.compose.assembly import assemble
from router.compose.desk import open_desk
from router.domain.error import NoRouteError
from router.domain.verdict import Refused
from router.shell import observe
from router.shell.clock import SystemClock

IMPORTED = (cvxpy, eth_account, venues.hyperliquid.settings, venues.evm.settings)


class InlineSolver:
    """Plans in this process: a fork must not start processes of its own only to be killed."""

    async def solve(self, problem):
        try:
            return router.optimiser.solve.solve(problem)
        except NoRouteError as error:
            return Refused(error.reason, str(error))


class KillingJournal:
    """A journal whose process dies around one record.

    Parameters
    ----------
    before : bool
        Die when that record is about to be written: the effect before it has happened, and
        nothing tells of it. Otherwise die when it is on disk and nothing was done about it yet.
    """

    def __init__(self, journal, *, sequence, before):
        self._journal = journal
        self._sequence = sequence
        self._before = before

    @property
    def tip(self):
        return self._journal.tip

    def append(self, record):
        if record.sequence != self._sequence:
            return self._journal.append(record)
        if self._before:
            _die()
        self._journal.append(record).add_done_callback(lambda _: _die())
        return asyncio.get_running_loop().create_future()  # never done: nobody acts on it


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


async def _work(case):
    assembly = assemble(Path(case["config"]), case["environment"], SystemClock())

    def wrap(journal):
        if case["sequence"] is None:
            return journal
        return KillingJournal(journal, sequence=case["sequence"], before=case["before"])

    async with open_desk(assembly, wrap=wrap, solver=InlineSolver()) as desk:
        known = tuple(desk.runtime.world.parents)
        for parent in known:  # the journal knows the order: nobody needs to send it again
            await desk.runtime.finished(parent)
        if not known:
            await desk.work(case["order"], lambda _line: None)


def _child(case):
    try:
        asyncio.run(_work(case))
    except BaseException:  # noqa: BLE001 - the parent only sees the status
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def main():
    """Serve cases until standard input ends."""
    observe.configure(verbose=False)  # standard output is for the answers
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _child(orjson.loads(line))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
