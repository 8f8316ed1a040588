"""What a chain account holds and may spend, all of one block."""

from typing import Final

from router.domain.account import AccountSnapshot
from router.domain.units import NATIVE, Amount
from router.port import Clock
from venues.evm.nodes.chain import Chain, at
from venues.evm.routers.calldata import spenders
from venues.evm.spec import ChainConfig, DataFee
from venues.evm.transactions.fees import data_fee_call
from venues.evm.words import abi, erc20
from venues.evm.words.multicall import ContractCall, decode_results
from venues.evm.words.node import parse_data, parse_quantity

_SAMPLE: Final = bytes(range(256)) * 6  # about the calldata of a split over five pools, and a route


async def read(chain: Chain, config: ChainConfig, clock: Clock) -> AccountSnapshot:
    """Return balances, what every router may take of them, the coin and the next nonce.

    Raises
    ------
    TransportError, JsonRpcError, MalformedDataError
        If the node did not answer as it should.
    """
    owner, assets = config.address, tuple(config.tokens)
    tokens = [config.tokens[asset].address for asset in assets]
    takers = tuple(dict.fromkeys(spenders(config).values()))
    header = (await chain.tip()).header
    block = at(header.hash)
    calls = [erc20.balance_call(token, owner) for token in tokens]
    calls += [
        erc20.allowance_call(token, owner=owner, spender=taker)
        for token in tokens
        for taker in takers
    ]
    calls += _data_fee_calls(config)
    reads, native, count = await chain.batch(
        chain.read_call(calls, block=block),
        ("eth_getBalance", (owner, block)),
        ("eth_getTransactionCount", (owner, block)),
    )
    atoms = [abi.read_uint(answer, 0) for answer in decode_results(parse_data(reads), calls)]
    balances, rest = atoms[: len(tokens)], iter(atoms[len(tokens) :])
    # A plan may use every router, so no more counts as spendable than each of them may take.
    spendable = [min(balance, *(next(rest) for _ in takers)) for balance in balances]
    coin = Amount(NATIVE, parse_quantity(native))
    return AccountSnapshot(
        account=config.account,
        balances=(coin, *map(Amount, assets, balances)),
        spendable=(coin, *map(Amount, assets, spendable)),
        positions=(),
        equity_atoms=0,
        margin_used_atoms=0,
        next_nonce=parse_quantity(count),
        block=header.ref,
        received_at=clock.now(),
        data_fee_wei=sum(rest),
    )


def _data_fee_calls(config: ChainConfig) -> list[ContractCall]:
    return [data_fee_call(_SAMPLE)] if config.data_fee is DataFee.OP_STACK else []
