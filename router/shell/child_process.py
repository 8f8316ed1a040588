"""A process of ours that serves beside this one, and ends with it."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from router.domain.error import ConfigError

_READY_WITHIN_S: Final = 30.0
_STOP_WITHIN_S: Final = 5.0
_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG


@dataclass(frozen=True, slots=True)
class Child:
    """A process that has said it is ready.

    Attributes
    ----------
    facts : Mapping
        What it said: where it listens.
    """

    process: asyncio.subprocess.Process
    facts: Mapping[str, Any]

    async def stop(self) -> None:
        """Have it end, and wait until it is gone; one that does not listen is killed."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            async with asyncio.timeout(_STOP_WITHIN_S):
                await self.process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


async def start(*words: str) -> Child:
    """Start a verb of ours, and return once it has said, on one line of JSON, that it is ready.

    Raises
    ------
    ConfigError
        If it ends before, or says nothing; why it ended is on the error stream.
    """
    command = (sys.executable, "-m", "router.cli.main", *words, "--parent", str(os.getpid()))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None, "asked for above"
    try:
        async with asyncio.timeout(_READY_WITHIN_S):
            line = await process.stdout.readline()
    except BaseException as error:
        await Child(process, {}).stop()
        if isinstance(error, TimeoutError):
            raise ConfigError(f"{' '.join(words[:2])}: was not ready in time") from error
        raise
    try:
        return Child(process, orjson.loads(line))
    except ValueError:
        await Child(process, {}).stop()
        raise ConfigError(f"{' '.join(words[:2])}: ended while starting; see above why") from None


def end_with(parent: int) -> None:
    """Have the kernel end this process when the one that started it ends."""
    # The thread that started us is the one that counts; the daemon starts us from its main thread.
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != parent:
        raise ConfigError("the daemon ended before its gateway began")
