"""What contracts may take of the account's tokens, read all at one block.

Knows the allowances of tokens. What Permit2 lets a router take besides is signed for each
transaction and runs out with its deadline; without the token's own allowance it is worth nothing.
"""

from router.domain.error import MalformedDataError, VenueError
from router.port import Allowance, Clock
from venues.evm.nodes.chain import at
from venues.evm.nodes.endpoints import Endpoints
from venues.evm.routers.calldata import spenders
from venues.evm.spec import ChainConfig
from venues.evm.words import abi, erc20
from venues.evm.words.multicall import decode_results
from venues.evm.words.node import parse_data
from venues.transport.error import TransportError
from venues.transport.json_rpc import JsonRpcError


async def read_allowances(config: ChainConfig, clock: Clock) -> tuple[Allowance, ...]:
    """Return what each contract that takes tokens may take of each configured one, zeros too.

    Raises
    ------
    VenueError
        If no node answers, or not in a way that can be read.
    """
    takers: dict[str, list[str]] = {}
    for router, address in spenders(config).items():
        takers.setdefault(address, []).append(router)
    pairs = [(asset, address) for asset in config.tokens for address in takers]
    calls = [
        erc20.allowance_call(config.tokens[asset].address, owner=config.address, spender=address)
        for asset, address in pairs
    ]
    endpoints = Endpoints(config, clock)
    try:
        chain = await endpoints.connected()
        block = at((await chain.tip()).header.hash)
        (answer,) = await chain.batch(chain.read_call(calls, block=block))
        atoms = [abi.read_uint(each, 0) for each in decode_results(parse_data(answer), calls)]
    except (TransportError, JsonRpcError, MalformedDataError) as error:
        raise VenueError(config.venue, f"allowances: {error}") from error
    finally:
        await endpoints.close()
    return tuple(
        Allowance(asset, ", ".join(takers[address]), address, found)
        for (asset, address), found in zip(pairs, atoms, strict=True)
    )
