"""Blocks that come by themselves, beside those that transactions get at once.

The node has a mode for that, but it is slow to be set up in: it makes a block for each transaction
of the deployment, and drops some of many that come together. So a thread asks for the blocks.
"""

import threading

from venues.sandbox.chain.rpc import ChainError, JsonRpc


class Ticker:
    """Asks a node for a block, again and again, until it is stopped or the node is gone."""

    def __init__(self, port: int, *, period_s: float) -> None:
        self._told = threading.Event()
        self._thread = threading.Thread(
            target=_tick, args=(JsonRpc(port), period_s, self._told), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End it and wait until it has ended; a second call does nothing."""
        self._told.set()
        self._thread.join()


def _tick(rpc: JsonRpc, period_s: float, told: threading.Event) -> None:
    while not told.wait(period_s):
        try:
            rpc.request("evm_mine")
        except ChainError:  # the node was ended by somebody else, who will know
            break
    rpc.close()
