"""A desk on the whole chain: the Universal Router's families and the two routers beside it."""

import asyncio
import os
import tomllib
from pathlib import Path

from router.compose.assembly import assemble
from router.compose.desk import open_desk
from router.compose.recovery import verify
from router.compose.sandbox_tables import CHAIN, CHAIN_KEY_ENV, chain_table
from router.domain.error import NoRouteError, SolverError
from router.domain.plan import NoRouteReason
from router.domain.units import Amount
from router.domain.verdict import Refused
from router.journal.codec import decode_event
from router.optimiser.solve import solve
from router.shell.clock import SystemClock

REPOSITORY = Path(__file__).parents[3]
NAMES = {"WETH": "ETH", "WBTC": "BTC", "USDC": "USDC", "USDT": "USDT"}
RANK = {"BTC": 0, "ETH": 1, "USDT": 2, "USDC": 3}
DEADLINE_S = 90


class InlineSolver:
    """Plans in this process."""

    async def solve(self, problem):
        try:
            return solve(problem)
        except NoRouteError as error:
            return Refused(error.reason, str(error))
        except SolverError as error:
            return Refused(NoRouteReason.SOLVER, str(error))


class Ambush:
    """A journal that lets something happen once, just before a record is written."""

    def __init__(self, journal, kind, attack):
        self._journal = journal
        self._kind = kind
        self._attack = attack
        self.attacked_count = 0

    @property
    def tip(self):
        return self._journal.tip

    def append(self, record):
        if not self.attacked_count and isinstance(decode_event(record.event), self._kind):
            self.attacked_count += 1
            self._attack()
        return self._journal.append(record)


def tables(manifest, *, beside=False, edit=lambda text: text):
    """Return a configuration: of the Universal Router, or of the two routers beside it as well."""
    text = (REPOSITORY / "configs" / "demo.toml").read_text()
    text = text.replace('USDC = "2000000"', 'USDC = "5000000", USDT = "5000000"')
    whole = text + chain_table(manifest)
    if beside and f"[chains.{CHAIN}.slipstream]" not in whole:
        whole = whole.replace(
            "routers = { ",
            f'routers = {{ pancakeswap_v3 = "{manifest.contracts["pancake_router"]}", '
            f'slipstream = "{manifest.contracts["slipstream_router"]}", ',
        )
        whole += "\n".join(_beside(manifest)) + "\n"
    whole = edit(whole)
    tomllib.loads(whole)
    return whole


def _beside(manifest):
    contracts = manifest.contracts
    yield f"\n[chains.{CHAIN}.pancakeswap_v3]"
    yield f'factory = "{contracts["pancake_factory"]}"'
    yield f'pool_deployer = "{contracts["pancake_deployer"]}"'
    yield from _pools(manifest, "pancakeswap_v3", "fee_pips")
    yield f"\n[chains.{CHAIN}.slipstream]"
    yield f'factory = "{contracts["slipstream_factory"]}"'
    yield from _pools(manifest, "slipstream", "tick_spacing")


def _pools(manifest, family, key):
    symbols = {t.address: NAMES.get(t.symbol) for t in manifest.tokens}
    for pool in manifest.extra_pools:
        if pool.family == family:
            pair = sorted((symbols[pool.token0], symbols[pool.token1]), key=RANK.__getitem__)
            yield f"\n[[chains.{CHAIN}.{family}.pools]]"
            yield f'address = "{pool.address}"'
            yield f'base = "{pair[0]}"\nquote = "{pair[1]}"'
            yield f"{key} = {getattr(pool, key)}"


def write(directory, text):
    path = directory / "headrace.toml"
    path.write_text(text)
    return path


def assembled(path, manifest):
    environment = {**os.environ, CHAIN_KEY_ENV: manifest.account("trader").private_key}
    return assemble(path, environment, SystemClock())


async def approve_everything(assembly):
    (setup,) = assembly.setups
    for asset, atoms in (("ETH", 10**22), ("USDC", 10**14), ("USDT", 10**14), ("BTC", 10**12)):
        await setup.approve(Amount(asset, atoms))


async def work(path, manifest, request, *, wrap=lambda journal: journal, approve=False):
    """Take one order to its end, and return its report."""
    assembly = assembled(path, manifest)
    if approve:
        await approve_everything(assembly)
    asked = {"client_order_id": "one", "base": "ETH", "quote": "USDC", "side": "buy"} | request
    async with (
        asyncio.timeout(DEADLINE_S),
        open_desk(assembly, wrap=wrap, solver=InlineSolver()) as desk,
    ):
        return await desk.work(asked, lambda _line: None)


def world_of(path):
    result = verify(path.parent / "headrace.journal")
    assert result.fault is None, result.fault
    return result.world
