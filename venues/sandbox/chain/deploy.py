"""Turn an empty node into a market: the order in which things are put there.

Three blocks at fixed times, so that the same scenario gives the same block hashes; on a node with
mixed mining a block for each transaction, with the same pools in the end.
"""

from dataclasses import dataclass

from venues.sandbox.chain import contracts as published
from venues.sandbox.chain import market
from venues.sandbox.chain.accounts import DEPLOYER, NATIVE_FUNDS_WEI, OTHER, TRADER
from venues.sandbox.chain.manifest import PoolEntry, TokenEntry
from venues.sandbox.chain.rpc import ChainError, JsonRpc
from venues.sandbox.chain.scenario import WETH, Scenario
from venues.sandbox.chain.sender import Sender

_DEPLOYER_FUNDS_WEI = 10**7 * 10**18


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is where."""

    tokens: tuple[TokenEntry, ...]
    contracts: dict[str, str]
    pools: tuple[PoolEntry, ...]


def deploy(rpc: JsonRpc, scenario: Scenario, *, mixed_mining: bool) -> Deployment:
    """Put the scenario onto an empty node.

    Raises
    ------
    ChainError
        A transaction failed, or a contract is not where it was computed to be.
    """
    sender = Sender(rpc, one_by_one=mixed_mining)
    rpc.request("anvil_setBalance", DEPLOYER.address, hex(_DEPLOYER_FUNDS_WEI))
    published.place_code(rpc)
    tokens = published.deploy_tokens(sender, scenario.token_order)
    contracts = published.deploy_contracts(sender, tokens[WETH].address)
    sender.flush()
    pools = market.create_pools(sender, scenario, tokens=tokens, contracts=contracts)
    market.fund_accounts(sender, scenario, tokens=tokens, contracts=contracts)
    sender.flush()
    market.mint_positions(sender, scenario, manager=contracts["position_manager"], pools=pools)
    sender.flush()
    for account in (TRADER, OTHER):
        rpc.request("anvil_setBalance", account.address, hex(NATIVE_FUNDS_WEI))
    deployment = Deployment(tuple(tokens.values()), contracts, pools)
    _check_code(rpc, deployment)
    return deployment


# A transaction to an address without code succeeds, so a wrong address would go unnoticed.
def _check_code(rpc: JsonRpc, deployment: Deployment) -> None:
    addresses = [
        *(token.address for token in deployment.tokens),
        *(pool.address for pool in deployment.pools),
        *deployment.contracts.values(),
    ]
    codes = rpc.batch([("eth_getCode", [address, "latest"]) for address in addresses])
    for address, code in zip(addresses, codes, strict=True):
        if code == "0x":
            raise ChainError(f"there is no contract at {address}, where it was computed to be")
