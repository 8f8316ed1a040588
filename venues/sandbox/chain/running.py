"""Start a prepared chain, hold it, end it.

The outermost edge of the sandbox: the only part that reads the machine's clock.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from venues.sandbox.chain.accounts import DEPLOYER, OTHER, TRADER
from venues.sandbox.chain.client import ChainClient
from venues.sandbox.chain.deploy import Deployment, deploy
from venues.sandbox.chain.family_plan import with_families
from venues.sandbox.chain.manifest import ChainManifest
from venues.sandbox.chain.node import BLOCK_GAS_LIMIT, CHAIN_ID, Anvil, NodeOptions
from venues.sandbox.chain.rpc import ChainError, JsonRpc
from venues.sandbox.chain.scenario import Scenario, plan
from venues.sandbox.chain.ticker import Ticker

GENESIS_TIME_S = 1_735_689_600
"""2025-01-01T00:00:00Z; the blocks of the deployment follow one second apart."""
MANIFEST_NAME = "chain.json"
LOG_NAME = "anvil.log"

_DEPLOY_BLOCK_GAS_LIMIT = 10**9  # all of a stage in one block
_BASE_FEE_WEI = 10**9
_NS_PER_S = 10**9
_ALIVE_POLL_S = 0.2
_NS_PER_MS = 10**6


class RunningChain:
    """A prepared chain in a child process; leaving the context ends it."""

    def __init__(
        self,
        node: Anvil,
        client: ChainClient,
        *,
        clock_fixed: bool,
        prepared_ms: int,
        block_time_s: float | None,
    ) -> None:
        self._node = node
        self._clock_fixed = clock_fixed
        self._ticker = None if block_time_s is None else Ticker(node.port, period_s=block_time_s)
        self.client = client
        self.prepared_ms = prepared_ms
        """How long starting and deploying took."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def manifest(self) -> ChainManifest:
        """Where everything is."""
        return self.client.manifest

    @property
    def alive(self) -> bool:
        """Tell whether the node still runs."""
        return self._node.alive

    def snapshot(self) -> str:
        """Remember the whole state; the answer is good for one `revert`."""
        identifier: str = self.client.rpc.request("evm_snapshot")
        return identifier

    def revert(self, snapshot: str) -> None:
        """Go back to a remembered state. Subscribers are told nothing."""
        if not self.client.rpc.request("evm_revert", snapshot):
            raise ChainError(f"there is no snapshot {snapshot}, or it was already used")
        # What waited belongs to the time that is undone, and must not stand in the way of it anew.
        self.client.rpc.request("anvil_dropAllTransactions")
        if not self._clock_fixed:
            _follow_the_wall_clock(self.client.rpc)  # the node set its clock back too

    def stop(self) -> None:
        """End the node and wait until it is gone; a second call does nothing."""
        if self._ticker is not None:
            self._ticker.stop()
        self.client.rpc.close()
        self._node.stop()


def start(
    *,
    seed: int = 7,
    block_time_s: float | None = None,
    port: int | None = None,
    chain_id: int = CHAIN_ID,
    state_dir: Path | None = None,
    clock_fixed: bool = False,
    slots_in_an_epoch: int = 32,
    scenario: Scenario | None = None,
    families: bool = False,
) -> RunningChain:
    """Start a node and put a market on it; the kernel ends it with the thread that called this.

    Parameters
    ----------
    seed
        Shapes the pools' opening prices and positions.
    block_time_s
        Also make a block this often, empty if need be; a transaction gets one at once.
    port
        None takes a free one.
    state_dir
        Where the manifest and the node's log go; None keeps neither.
    clock_fixed
        Blocks come one second apart in the past, so that equal runs have equal block hashes.
    slots_in_an_epoch
        `safe` is one epoch behind the head and `finalized` two.
    scenario
        Another market than `plan(seed)`.
    families
        Also put the other families' contracts, pools and tokens beside the same market.

    Raises
    ------
    ConfigError
        The node modules are missing.
    ChainError
        The node did not start: the port is taken, say.
    """
    began_ns = time.perf_counter_ns()
    options = NodeOptions(
        genesis_time_s=GENESIS_TIME_S,
        chain_id=chain_id,
        port=port,
        slots_in_an_epoch=slots_in_an_epoch,
        log_path=None if state_dir is None else _log_path(state_dir),
    )
    market = scenario or plan(seed)
    market = with_families(market) if families else market
    node, client = _prepared(options, market, clock_fixed=clock_fixed)
    if state_dir is not None:
        client.manifest.write(state_dir / MANIFEST_NAME)
    return RunningChain(
        node,
        client,
        clock_fixed=clock_fixed,
        prepared_ms=(time.perf_counter_ns() - began_ns) // _NS_PER_MS,
        block_time_s=block_time_s,
    )


def serve(
    *,
    state_dir: Path,
    on_ready: Callable[[RunningChain], None],
    seed: int = 7,
    block_time_s: float | None = None,
    port: int | None = None,
    scenario: Scenario | None = None,
    families: bool = False,
) -> None:
    """Run a chain until SIGINT or SIGTERM, then end it and remove its manifest.

    For the main thread of a command. `on_ready` is called once, with the manifest on disk.

    Raises
    ------
    ChainError
        The node could not start, or ended by itself.
    """
    told = threading.Event()
    # Handlers, not a signal mask: a library's own threads would take a masked signal and die of it.
    before = {n: signal.signal(n, lambda *_: told.set()) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        with start(
            seed=seed,
            block_time_s=block_time_s,
            port=port,
            state_dir=state_dir,
            scenario=scenario,
            families=families,
        ) as chain:
            on_ready(chain)
            while not told.wait(_ALIVE_POLL_S):
                if not chain.alive:
                    raise ChainError(f"the node ended by itself; see {state_dir / LOG_NAME}")
    finally:
        (state_dir / MANIFEST_NAME).unlink(missing_ok=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def _log_path(state_dir: Path) -> Path:
    state_dir.mkdir(parents=True, exist_ok=True)
    return state_dir / LOG_NAME


def _prepared(
    options: NodeOptions, market: Scenario, *, clock_fixed: bool
) -> tuple[Anvil, ChainClient]:
    with contextlib.ExitStack() as undo:
        node = undo.enter_context(Anvil(options))
        rpc = undo.enter_context(contextlib.closing(JsonRpc(node.port)))
        _hold_still(rpc)
        deployment = deploy(rpc, market)
        _let_go(rpc, clock_fixed=clock_fixed)
        client = ChainClient(_manifest(node, rpc, deployment, seed=market.seed), rpc)
        undo.pop_all()
    return node, client


def _hold_still(rpc: JsonRpc) -> None:
    rpc.request("anvil_setLoggingEnabled", False)  # noqa: FBT003 (JSON-RPC is positional)
    rpc.request("anvil_setBlockTimestampInterval", 1)
    rpc.request("evm_setBlockGasLimit", hex(_DEPLOY_BLOCK_GAS_LIMIT))
    rpc.request("evm_setAutomine", False)  # noqa: FBT003 (JSON-RPC is positional)


def _let_go(rpc: JsonRpc, *, clock_fixed: bool) -> None:
    rpc.request("evm_setBlockGasLimit", hex(BLOCK_GAS_LIMIT))
    rpc.request("anvil_setNextBlockBaseFeePerGas", hex(_BASE_FEE_WEI))
    rpc.request("evm_setAutomine", True)  # noqa: FBT003 (JSON-RPC is positional)
    if not clock_fixed:
        rpc.request("anvil_removeBlockTimestampInterval")
        _follow_the_wall_clock(rpc)
    rpc.request("evm_mine")  # the first block under the rules from here on


def _follow_the_wall_clock(rpc: JsonRpc) -> None:
    rpc.request("anvil_setTime", time.time_ns() // _NS_PER_S)


def _manifest(node: Anvil, rpc: JsonRpc, deployment: Deployment, *, seed: int) -> ChainManifest:
    return ChainManifest(
        chain_id=int(rpc.request("eth_chainId"), 16),
        http_url=f"http://127.0.0.1:{node.port}",
        ws_url=f"ws://127.0.0.1:{node.port}",
        pid=node.pid,
        seed=seed,
        deployment_block=int(rpc.request("eth_blockNumber"), 16),
        tokens=deployment.tokens,
        contracts=deployment.contracts,
        pools=deployment.pools,
        accounts=(DEPLOYER, TRADER, OTHER),
        extra_pools=deployment.extra_pools,
    )
