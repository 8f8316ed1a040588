"""Pools that a family's factory has made of configured tokens, from the logs it left.

Finds, and trades nothing: a pool is traded once an operator has put it into the configuration.
Anybody can make pools, so a log that cannot be read is left out and counted.
"""

from collections.abc import Mapping
from typing import Final

from router.domain.error import MalformedDataError
from router.port import Discovered, Discovery
from venues.evm.nodes.chain import Chain
from venues.evm.pools.family import ChainFacts, Family, PoolSetup
from venues.evm.pools.pool_setup import POOL_FACTORY
from venues.evm.spec import ChainConfig
from venues.evm.words.node import Log, parse_log
from venues.transport.json_rpc import Json

BLOCKS_PER_QUESTION: Final = 10_000  # many nodes answer no more at once


async def discover(
    chain: Chain,
    config: ChainConfig,
    families: Mapping[str, Family],
    *,
    facts: ChainFacts,
    first_block: int,
) -> Discovery:
    """Return the pools made since a block whose tokens are configured and which are not yet.

    Raises
    ------
    TransportError, JsonRpcError, MalformedDataError
        If the node did not answer as it should.
    """
    last_block = (await chain.tip()).header.number
    found: list[Discovered] = []
    unreadable_count = 0
    for name, family in families.items():
        makers = sorted({_maker(p) for p in config.pools if p.instrument.protocol == name})
        for start in range(first_block, last_block + 1, BLOCKS_PER_QUESTION):
            query: Json = {
                "address": makers,
                "topics": [family.discovery_topic()],
                "fromBlock": hex(start),
                "toBlock": hex(min(start + BLOCKS_PER_QUESTION - 1, last_block)),
            }
            for item in _items(await chain.request("eth_getLogs", query)):
                try:
                    log = parse_log(item)
                    table = family.discovered(log, facts)
                except MalformedDataError:
                    unreadable_count += 1
                    continue
                if table is not None and not _is_configured(log, table, config):
                    found.append(Discovered(name, table))
    return Discovery(tuple(found), unreadable_count)


def _items(answer: Json) -> list[Json]:
    if not isinstance(answer, list):
        raise MalformedDataError(f"logs must be a list, was {answer!r:.80}")
    return answer


# A pool's own name, address or id, is in the log that made it: in the data or among the topics.
def _is_configured(log: Log, table: Mapping[str, object], config: ChainConfig) -> bool:
    named = {str(value).lower() for value in table.values()} | set(log.topics)
    return any(pool.instrument.symbol in named for pool in config.pools)


# The contract that makes the pools: the factory, or where all pools live in one, that contract.
def _maker(pool: PoolSetup) -> str:
    return pool.contracts.get(POOL_FACTORY, pool.emitter)
