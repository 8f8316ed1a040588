"""Outages, stops and restarts: what the shell must survive."""

# Turns of the loop are what these scenes are about, and the state between two of them.
# ruff: noqa: ASYNC110, C901, SLF001

import asyncio
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import pytest

from router.compose import desk
from router.domain.error import NoRouteError, NotSentError, RouterError, SolverError, VenueError
from router.domain.market import BlockRef
from router.domain.order import OrderStatus
from router.domain.plan import QuantityKind
from router.domain.units import Amount, DurationNs, Price, Side, TimestampNs
from router.domain.verdict import Refused
from router.gateway import local
from router.optimiser.solve import solve
from router.shell.runtime import Parts, Runtime
from router.shell.solver_pool import SolverPool
from tests.unit.engine.scene import ETH, PERP, POOL, STARTED, T0, USDC, order
from tests.unit.optimiser.world import random_problem
from tests.unit.shell.floor import Floor, opened, replayed, run, work

S = 10**9


def caught_up():
    """Give a floor whose node has seen the block that every transaction there is mined in."""
    floor = Floor()
    read = floor.chain.read_account

    async def read_later():
        return replace(await read(), block=BlockRef(99, "0x99", "0x98", T0))

    floor.chain.read_account = read_later
    return floor


def test_an_order_that_waits_for_the_baseline_ends_at_its_deadline(tmp_path):
    floor, path = caught_up(), tmp_path / "a.journal"
    asked = order(deadline_at=TimestampNs(T0 + 2 * S))

    readable = floor.perp.read_account

    async def never():
        raise NotSentError(PERP.venue, "HTTP 502")

    floor.perp.read_account = never

    async def waiting():
        async with opened(path) as journal, floor.running(journal) as runtime:
            runtime.submit(asked)
            while floor.clock.now() < T0 + 11 * S:
                await asyncio.sleep(0.001)
            passed, status = floor.clock.now() - T0, runtime.world.parents[asked.id].status
            floor.perp.read_account = readable
            await runtime.finished(asked.id)
            return passed, status

    passed, status = run(waiting())

    assert passed > 10 * S
    assert status is OrderStatus.EXPIRED


def test_an_order_whose_market_is_missing_holds_up_the_others_no_longer_than_its_deadline(tmp_path):
    floor, path = caught_up(), tmp_path / "a.journal"
    asked = order(deadline_at=TimestampNs(T0 + 1 * S))
    reads = 0

    class Timeouts:
        def take(self, *_):
            nonlocal reads
            reads += 1
            if reads > 1:  # the baseline was read; from then on each question times out
                floor.clock.time += 5 * S
                raise NotSentError(PERP.venue, "no answer in 5 s")

    floor.perp.reads = Timeouts()

    world = run(work(floor, path, asked))

    assert world.parents[asked.id].ended_at < T0 + 10 * S


def test_a_reading_that_is_told_to_stop_while_a_venue_fails_stops():
    """A task group that holds an error swallows a cancellation: the retry goes on for ever."""

    async def scenario():
        floor, told = Floor(), asyncio.Event()

        async def fails():
            raise NotSentError(PERP.venue, "HTTP 502")

        async def stop():
            if not told.is_set():  # as at SIGTERM, once
                told.set()
                reading.cancel()

        async def slow():
            try:
                await asyncio.Event().wait()
            finally:
                await stop()

        async def read_until_it_works():
            while True:
                try:
                    await floor.reader.accounts((PERP.account, POOL.account))
                except VenueError:
                    await asyncio.sleep(0)

        floor.perp.read_account, floor.chain.read_account = fails, slow
        reading = asyncio.create_task(read_until_it_works())
        await turns(50)
        await stop()
        await turns(50)
        ended = reading.done()
        while not reading.done():
            reading.cancel()
            await asyncio.sleep(0)
        return ended

    async def turns(count):
        for _ in range(count):
            await asyncio.sleep(0)

    assert run(scenario())


def test_a_venue_taken_out_while_a_child_is_in_flight_is_an_error_of_one_line(tmp_path):
    floor, path, asked = Floor(), tmp_path / "a.journal", order(4)
    forever = asyncio.Event

    async def stuck(_child, _signed):
        await forever().wait()

    floor.perp.resolve = stuck

    async def stop_in_flight():
        async with opened(path) as journal, floor.running(journal) as runtime:
            runtime.submit(asked)
            while not floor.perp.known:
                await asyncio.sleep(0)
            await asyncio.sleep(0)

    run(stop_in_flight())
    again = floor.restarted()
    del again.reader.venues[PERP.venue]
    started = replace(STARTED, instruments=(POOL,))

    async def restart():
        async with opened(path) as journal:
            runtime = Runtime(
                Parts(again.reader, again.solver, journal, again.clock), replayed(path).world
            )
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(runtime.run(started, stop))
                while runtime._waiting:
                    await asyncio.sleep(0.001)
                await asyncio.sleep(0.01)
                stop.set()

    try:
        run(restart())
    except* RouterError:
        pass  # named, in one line: good


def test_a_desk_whose_journal_was_cut_off_while_it_was_created_starts(tmp_path):
    path = tmp_path / "headrace.journal"
    path.touch()  # SQLite makes the file before its first transaction is on disk

    with desk._journal(path) as (journal, journal_id):
        assert journal_id
        assert journal.tip.sequence == 0


def _interrupted():
    raise KeyboardInterrupt


def test_an_interrupt_from_the_terminal_is_not_the_solvers_answer():
    """Ctrl-C goes to the solver process too; its KeyboardInterrupt must not end our loop."""
    pool = SolverPool(DurationNs(5 * S), warm=False)
    try:

        async def ask():
            await asyncio.wrap_future(pool._ready)
            pool._pool.submit = lambda *_: ProcessPoolExecutor.submit(pool._pool, _interrupted)
            return await pool.solve(None)

        try:
            run(ask())
        except KeyboardInterrupt:
            pytest.fail("the loop ended with KeyboardInterrupt")
    finally:
        pool.close()


def test_a_solver_that_fails_as_nobody_foresaw_refuses_the_order_and_the_desk_lives_on():
    """Seen with HiGHS: 'sell 0.000000000000000001 ETH' is ValueError in cvxpy, at every restart."""
    pool = SolverPool(DurationNs(5 * S), warm=False)
    try:
        outcome = run(pool.solve(None))  # whatever it is: not a problem, so the solver fails on it
    finally:
        pool.close()

    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("kind", list(QuantityKind))
def test_a_rest_of_a_few_atoms_is_a_refusal(kind):
    """What a cash order leaves after its fills may be as little as this."""
    amount = Amount((ETH if kind is QuantityKind.BASE else USDC).id, 2)
    problem = replace(
        random_problem(0),
        side=Side.BUY,
        kind=kind,
        quantity=amount,
        limit_price=Price(ETH.id, USDC.id, 2_200 * 10**6, 10**18),
    )

    with pytest.raises((NoRouteError, SolverError)):
        solve(problem)


def test_a_desk_that_stops_with_a_client_waiting_leaves_no_traceback(tmp_path):
    """As SIGTERM does it: the door is closed, then the loop's runner cancels what is left."""
    path, faults = tmp_path / "door.sock", []

    async def never(_request, _tell):
        await asyncio.Event().wait()

    async def serve():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        async with local.listening(path, never):
            asking = asyncio.create_task(local.ask(path, {}, lambda _line: None))
            await asyncio.sleep(0.05)
        asking.cancel()
        await asyncio.wait([asking])

    run(serve())

    assert faults == []
