"""Quote swaps with degenbot, in its own environment: a task on standard input, an answer on output.

The pools are handed over whole, so that it takes its fast path and asks the node nothing while it
is timed.
"""

import json  # noqa: TID251 - orjson is not in this environment
import sys
import time
from collections import defaultdict
from typing import Any

import degenbot
from degenbot.uniswap.v3_liquidity_pool import UniswapV3Pool
from web3 import HTTPProvider, Web3

task = json.load(sys.stdin)
degenbot.set_web3(Web3(HTTPProvider(task["http_url"])))


def made(state: dict[str, Any]) -> UniswapV3Pool:
    """Return the pool as degenbot has it."""
    bitmap = defaultdict(int)
    for index, _, _ in state["ticks"]:
        compressed = index // state["tick_spacing"]
        bitmap[compressed >> 8] |= 1 << (compressed & 0xFF)
    return UniswapV3Pool(
        state["address"],
        tick_data={
            index: {"liquidity_net": int(net), "liquidity_gross": int(gross)}
            for index, net, gross in state["ticks"]
        },
        tick_bitmap={word: {"bitmap": bits} for word, bits in bitmap.items()},
        verify_address=False,
        silent=True,
    )


def timed(order: dict[str, Any]) -> tuple[str, float]:
    """Return the sum of what the amounts leave open, and the seconds that one quote takes."""
    pool = pools[order["pool"]]
    tokens = (pool.token0, pool.token1) if order["zero_for_one"] else (pool.token1, pool.token0)
    signed = [int(amount) for amount in order["amounts"]]
    if signed[0] > 0:
        ask, token = pool.calculate_tokens_out_from_tokens_in, tokens[0]
    else:
        ask, token = pool.calculate_tokens_in_from_tokens_out, tokens[1]
    amounts = [abs(amount) for amount in signed]
    total = ask(token, amounts[-1])
    started = time.perf_counter()
    for amount in amounts[:-1]:
        total += ask(token, amount)
    return str(total), (time.perf_counter() - started) / (len(amounts) - 1)


pools = [made(state) for state in task["pools"]]
answers = [timed(order) for order in task["orders"]]
totals, seconds = zip(*answers, strict=True)
json.dump({"totals": totals, "seconds": seconds}, sys.stdout)
