"""Turn an empty node into a market: the order in which things are put there.

Three blocks at fixed times, and one more for the families, so that the same scenario gives the same
block hashes.
"""

from dataclasses import dataclass

from venues.sandbox.chain import contracts as published
from venues.sandbox.chain import families, market
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
    extra_pools: tuple[PoolEntry, ...]


def deploy(rpc: JsonRpc, scenario: Scenario) -> Deployment:
    """Put the scenario onto an empty node.

    Raises
    ------
    ChainError
        A transaction failed, or a contract is not where it was computed to be.
    """
    sender = Sender(rpc)
    rpc.request("anvil_setBalance", DEPLOYER.address, hex(_DEPLOYER_FUNDS_WEI))
    published.place_code(rpc)
    tokens = published.deploy_tokens(sender, scenario.token_order)
    extra = families.deploy(sender, tokens) if scenario.has_families else families.NOTHING
    tokens |= extra.tokens
    contracts = published.deploy_contracts(sender, tokens[WETH].address, extra.beside)
    contracts |= extra.contracts
    sender.flush()
    plans = (*scenario.pools, *families.v3_plans(scenario))
    pools = market.create_pools(sender, scenario, plans, tokens=tokens, contracts=contracts)
    market.fund_accounts(sender, scenario, tokens=tokens, contracts=contracts)
    sender.flush()
    manager = contracts["position_manager"]
    market.mint_positions(sender, scenario, plans, manager=manager, tokens=tokens, pools=pools)
    extra_pools = pools[len(scenario.pools) :]
    if scenario.has_families:
        extra_pools += families.fill(sender, scenario, tokens=tokens, contracts=contracts)
    sender.flush()
    for account in (TRADER, OTHER):
        rpc.request("anvil_setBalance", account.address, hex(NATIVE_FUNDS_WEI))
    main_pools = pools[: len(scenario.pools)]
    deployment = Deployment(tuple(tokens.values()), contracts, main_pools, extra_pools)
    _check_code(rpc, deployment)
    return deployment


# A transaction to an address without code succeeds, so a wrong address would go unnoticed.
def _check_code(rpc: JsonRpc, deployment: Deployment) -> None:
    addresses = [
        *(token.address for token in deployment.tokens),
        *(pool.address for pool in (*deployment.pools, *deployment.extra_pools)),
        *deployment.contracts.values(),
    ]
    codes = rpc.batch([("eth_getCode", [address, "latest"]) for address in addresses])
    for address, code in zip(addresses, codes, strict=True):
        if code == "0x":
            raise ChainError(f"there is no contract at {address}, where it was computed to be")
