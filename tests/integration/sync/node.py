"""A scripted node: its blocks, what it announces and what it has are whatever a test wants.

Speaks JSON-RPC over a WebSocket. Its chain holds three Uniswap V2 pairs, whose swaps are real.
"""

from dataclasses import dataclass, field

import orjson
from aiohttp import WSMsgType, web
from eth_abi import decode, encode

from router.domain.instrument import Asset
from router.liquidity import constant_product
from venues.evm.pools.family import ChainFacts, TokenContract
from venues.uniswap_v2 import family as uniswap_v2

SHUTDOWN_S = 0.1
FACTORY, ROUTER, MULTICALL = ("0x" + each * 20 for each in ("fa", "99", "cc"))
TOKENS = {"ETH": "0x" + "0a" * 20, "USDC": "0x" + "0b" * 20, "BTC": "0x" + "0c" * 20}
DECIMALS = {"ETH": 18, "USDC": 6, "BTC": 8}
PAIRS = (("ETH", "USDC"), ("BTC", "USDC"), ("ETH", "BTC"))
FEE_PIPS = 3_000
START_RESERVES = (10**21, 3 * 10**21)
FACTS = ChainFacts(
    venue="local",
    account="evm:1:0xaa",
    assets={name: Asset(name, decimals) for name, decimals in DECIMALS.items()},
    tokens={name: TokenContract(TOKENS[name], DECIMALS[name]) for name in TOKENS},
    routers={"universal_router": ROUTER},
    native="ETH",
)
SYNC = "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1"
SWAP = "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822"
SOMEBODY = "0x" + "00" * 12 + "77" * 20
ANYWHERE = "0x" + "11" * 20


def setups():
    """Return the three pairs, at the addresses where their factory must have made them."""
    pools = []
    for base, quote in PAIRS:
        table = {"base": base, "quote": quote, "fee_pips": FEE_PIPS}
        drafts = {"factory": FACTORY, "pools": [table | {"address": ANYWHERE}]}
        (draft,) = uniswap_v2.configured(drafts, FACTS)
        table["address"] = draft.contracts["create2"]
        pools += uniswap_v2.configured({"factory": FACTORY, "pools": [table]}, FACTS)
    return tuple(pools)


@dataclass(frozen=True)
class Block:
    number: int
    hash: str
    parent: str
    reserves: dict  # of each pair after it
    logs: list

    def header(self):
        return {
            "number": hex(self.number),
            "hash": self.hash,
            "parentHash": self.parent,
            "timestamp": hex(1_700_000_000 + self.number),
            "baseFeePerGas": hex(10**9),
        }


class NodeError(Exception):
    """What the node answers instead of a result."""


@dataclass
class ScriptedNode:
    """A node with a chain of a few blocks.

    Attributes
    ----------
    tip : Block
        What it calls its newest block.
    answers : dict
        By method: what takes the place of its own answer, given the parameters.
    reads : dict
        By contract: what takes the place of the answer to any read of it; an exception reverts.
    asked : list
        Every call, as (method, parameters).
    """

    pools: tuple = field(default_factory=setups)
    answers: dict = field(default_factory=dict)
    reads: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    blocks: dict = field(default_factory=dict)
    url: str = ""

    def __post_init__(self):
        self._made_count = 0
        self._sockets = {}  # socket -> names of its subscriptions to heads, and to logs
        reserves = {pool.emitter: START_RESERVES for pool in self.pools}
        self.tip = self._add(99, "0x" + "00" * 32, reserves, [])
        for _ in range(3):
            self.make()
        application = web.Application()
        application.router.add_get("/", self._accept)
        self._runner = web.AppRunner(application, shutdown_timeout=SHUTDOWN_S)

    async def __aenter__(self):
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "ws://{}:{}/".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(self, *_):
        self.cut()
        await self._runner.cleanup()

    def make(self, *swaps, parent=None):
        """Make a block on top of another, the newest if none is named, and call it the newest.

        A swap is (pair, zero for one, atoms in).
        """
        on = parent or self.tip
        reserves, logs = dict(on.reserves), []
        for pool, zero_for_one, amount in swaps:
            before = constant_product.Pool(*reserves[pool.emitter], FEE_PIPS)
            done = constant_product.swap(before, zero_for_one=zero_for_one, amount_specified=amount)
            after = reserves[pool.emitter] = (done.pool.reserve0, done.pool.reserve1)
            logs += swap_logs(pool, done, after)
        self.tip = self._add(on.number + 1, on.hash, reserves, logs)
        return self.tip

    async def announce(self, *blocks):
        """Tell subscribers of new heads."""
        for block in blocks:
            await self._notify(0, block.header())

    async def stream(self, *logs):
        """Tell subscribers of logs."""
        for log in logs:
            await self._notify(1, log)

    def cut(self):
        """Drop every connection."""
        for transport, _ in self._sockets.values():
            transport.abort()

    def branch(self):
        """Return the chain that ends in the newest block, by number."""
        line, block = {}, self.tip
        while block is not None:
            line[block.number] = block
            block = self.blocks.get(block.parent)
        return line

    def _add(self, number, parent, reserves, logs):
        self._made_count += 1
        block_hash = f"0x{self._made_count:064x}"
        where = {"blockNumber": hex(number), "blockHash": block_hash, "removed": False}
        logs = [log | where | {"logIndex": hex(index)} for index, log in enumerate(logs)]
        block = Block(number, block_hash, parent, reserves, logs)
        self.blocks[block_hash] = block
        return block

    async def _accept(self, request):
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self._sockets[socket] = (request.transport, [])
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                calls = orjson.loads(message.data)
                several = [self._answer(socket, call) for call in _list(calls)]
                answer = several if isinstance(calls, list) else several[0]
                await socket.send_str(orjson.dumps(answer).decode())
        finally:
            del self._sockets[socket]
        return socket

    async def _notify(self, place, value):
        for socket, (_, names) in list(self._sockets.items()):
            if place < len(names):
                params = {"subscription": names[place], "result": value}
                notice = {"jsonrpc": "2.0", "method": "eth_subscription", "params": params}
                await socket.send_str(orjson.dumps(notice).decode())

    def _answer(self, socket, call):
        method, params = call["method"], call["params"]
        self.asked.append((method, params))
        own = {"jsonrpc": "2.0", "id": call["id"]}
        try:
            if method == "eth_subscribe":
                names = self._sockets[socket][1]
                names.append(f"0x{len(names):x}")
                return own | {"result": names[-1]}
            answer = self.answers.get(method) or getattr(self, f"_{method}", _refuse)
            return own | {"result": answer(*params)}
        except NodeError as error:
            return own | {"error": {"code": -32000, "message": str(error)}}

    def _eth_maxPriorityFeePerGas(self):  # noqa: N802 - the method's name
        return hex(10**8)

    def _eth_getBlockByHash(self, block_hash, _bodies):  # noqa: N802 - the method's name
        block = self.blocks.get(block_hash)
        return None if block is None else block.header()

    def _eth_getBlockByNumber(self, number, _bodies):  # noqa: N802 - the method's name
        if number == "latest":
            return self.tip.header()
        block = self.branch().get(int(number, 16))
        return None if block is None else block.header()

    def _eth_getLogs(self, query):  # noqa: N802 - the method's name
        block = self.blocks.get(query["blockHash"])
        if block is None or block != self.branch().get(block.number):
            raise NodeError("unknown block")
        return block.logs

    def _eth_call(self, call, where):
        block = self.blocks.get(where["blockHash"])
        if block is None:
            raise NodeError("header not found")
        if call["to"] != MULTICALL:  # a transfer that is tried
            return "0x" + encode(["bool"], [True]).hex()
        data = bytes.fromhex(call["data"][10:])
        (calls,) = decode(["(address,bool,bytes)[]"], data)
        results = [(True, self._read(block, target, asked)) for target, _, asked in calls]
        return "0x" + encode(["(bool,bytes)[]"], [results]).hex()

    def _read(self, block, target, data):
        if target in self.reads:
            answer = self.reads[target]
            if isinstance(answer, Exception):
                raise answer
            return answer
        if target == FACTORY:
            tokens = set(decode(["address", "address"], data[4:]))
            (pool,) = [each for each in self.pools if {each.token0, each.token1} == tokens]
            return encode(["address"], [pool.emitter])
        if target in TOKENS.values():
            (name,) = [name for name, address in TOKENS.items() if address == target]
            is_balance = data[:4].hex() == "70a08231"
            return encode(["uint256"], [10**20 if is_balance else DECIMALS[name]])
        (pool,) = [each for each in self.pools if each.emitter == target]
        return {
            "0dfe1681": lambda: encode(["address"], [pool.token0]),
            "d21220a7": lambda: encode(["address"], [pool.token1]),
            "c45a0155": lambda: encode(["address"], [FACTORY]),
            "0902f1ac": lambda: encode(["uint256"] * 3, [*block.reserves[target], 7]),
        }[data[:4].hex()]()


def swap_logs(pool, done, after):
    """Return what a pair logs of a swap: its reserves, then the swap."""
    amounts = [max(done.amount0, 0), max(done.amount1, 0)]
    amounts += [max(-done.amount0, 0), max(-done.amount1, 0)]
    synced = encode(["uint112", "uint112"], after)
    swapped = encode(["uint256"] * 4, amounts)
    return [
        log(pool, [SYNC], synced),
        log(pool, [SWAP, SOMEBODY, SOMEBODY], swapped),
    ]


def log(pool, topics, data):
    return {"address": pool.emitter, "topics": topics, "data": f"0x{data.hex()}"}


def _refuse(*_params):
    raise NodeError("the method does not exist")


def _list(calls):
    return calls if isinstance(calls, list) else [calls]
