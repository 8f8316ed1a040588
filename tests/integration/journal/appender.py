"""A process of its own that writes a journal; started by the tests, killed by some of them.

Prints one line for every append that was answered: ``durable N`` or ``refused MESSAGE``.
"""

import asyncio
import os
import resource
import sys
from pathlib import Path

from router.domain.error import JournalError
from router.domain.event import ObservationFailed
from router.journal.codec import encode
from router.journal.record import make_record
from router.shell.store import JournalStore, open_journal

JOURNAL_ID = "desk-1"
IN_FLIGHT = 16
REASON = "x" * 2_000


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def append_one(store: JournalStore) -> None:
    event = ObservationFailed(parent="p-1", reason=REASON, at=store.tip.sequence)
    record = make_record(store.tip, encode(event), ())
    try:
        await store.append(record)
    except JournalError as error:
        say(f"refused {error}")
    else:
        say(f"durable {record.sequence}")


async def append_many(store: JournalStore, count: int) -> None:
    for _ in range(0, count, IN_FLIGHT):
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(append_one(store))


def leave_a_child() -> None:
    if os.fork() == 0:
        sys.stdin.read()  # until the test closes the pipe
        os._exit(0)


def main(mode: str, path: Path) -> None:
    if mode == "full-disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        store = open_journal(path, journal_id=JOURNAL_ID)
    except JournalError as error:
        say(f"refused {error}")
        return
    if mode == "leave-a-child":
        leave_a_child()
    asyncio.run(append_many(store, 100_000 if mode == "flood" else 320))
    say("waiting")
    if mode == "leave-a-child":
        sys.stdin.read()
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
