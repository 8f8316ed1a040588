"""A line that breaks: TCP through a port of our own, reset in the middle of whatever is on it."""

import asyncio
import socket
import struct
import threading

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset, and what was not sent is lost
CHUNK = 4096


class Proxy:
    """Connects whoever comes to a port, until it is cut.

    Attributes
    ----------
    port : int
        Where to come to.
    target : int
        The port to connect them to.
    cuts : int
        How many connections were reset.
    """

    def __init__(self, target):
        self.target = target
        self._lines = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.cuts = 0
        self._server = self._have(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self):
        """Reset all lines at once; return how many there were."""
        return self._have(self._cut())

    def close(self):
        self._have(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _have(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _serve(self, reader, writer):
        line = {writer}
        self._lines.add(writer)
        try:
            theirs, out = await asyncio.open_connection("127.0.0.1", self.target)
            line.add(out)
            self._lines.add(out)
            async with asyncio.TaskGroup() as group:
                for source, sink in ((reader, out), (theirs, writer)):
                    group.create_task(_passed(source, sink, line))
        except* OSError:
            pass  # nobody is there, or it was cut
        finally:
            for each in line:
                each.close()
            self._lines -= line

    async def _cut(self):
        cut = len(self._lines) // 2
        for each in tuple(self._lines):
            raw = each.transport.get_extra_info("socket")
            if raw is not None and raw.fileno() >= 0:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            each.transport.abort()
        self.cuts += cut
        return cut

    async def _close(self):
        self._server.close()
        await self._cut()
        await self._server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)


async def _passed(source, sink, line):
    try:
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()
    finally:
        for each in line:
            each.close()
