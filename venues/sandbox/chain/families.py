"""Everything beside the V3 market: the contracts and pools of the other families.

Knows the order in which they are put there, and nothing of how each works.
"""

from dataclasses import dataclass, field

from venues.sandbox.chain import abi, forks, uniswap_v2, uniswap_v4
from venues.sandbox.chain import contracts as published
from venues.sandbox.chain.accounts import DEPLOYER, OTHER
from venues.sandbox.chain.manifest import PoolEntry, TokenEntry
from venues.sandbox.chain.scenario import UNISWAP_V3, WETH, PoolPlan, Scenario
from venues.sandbox.chain.sender import Sender

_CALL_GAS = 200_000
_UNLIMITED = (1 << 256) - 1
_UNLIMITED_PERMIT2 = (1 << 160) - 1
_NO_EXPIRATION = (1 << 48) - 1
_SPENDERS = ("v2_router", "v4_swap_test", "v4_liquidity_test", "hand")


@dataclass(frozen=True, slots=True)
class Extra:
    """What was put there before the V3 contracts."""

    tokens: dict[str, TokenEntry] = field(default_factory=dict)
    contracts: dict[str, str] = field(default_factory=dict)
    beside: published.Beside = field(default_factory=published.Beside)


NOTHING = Extra()


def deploy(sender: Sender, tokens: dict[str, TokenEntry]) -> Extra:
    """Queue the tokens and contracts that the router has to be told of."""
    weth = tokens[WETH].address
    v2 = uniswap_v2.deploy(sender, weth)
    v4 = uniswap_v4.deploy(sender, weth=weth, permit2=published.PERMIT2)
    beside = published.Beside(
        v2_factory=v2["v2_factory"],
        v2_pair_init_code_hash=uniswap_v2.pair_init_code_hash(),
        v4_pool_manager=v4["v4_pool_manager"],
        v4_position_manager=v4["v4_position_manager"],
    )
    contracts = v2 | v4 | forks.deploy(sender)
    return Extra(published.deploy_extra_tokens(sender, tokens), contracts, beside)


def v3_plans(scenario: Scenario) -> tuple[PoolPlan, ...]:
    """Return the Uniswap V3 pools in the tokens that came on top."""
    return tuple(plan for plan in scenario.extra_pools if plan.family == UNISWAP_V3)


def fill(
    sender: Sender,
    scenario: Scenario,
    *,
    tokens: dict[str, TokenEntry],
    contracts: dict[str, str],
) -> tuple[PoolEntry, ...]:
    """Queue the pools of every other family with what is in them."""
    _approve(sender, tokens, contracts)
    created = forks.create_pools(sender, scenario, tokens=tokens, contracts=contracts)
    sender.flush()
    forks.open_pools(sender, scenario, tokens=tokens, contracts=contracts, pools=created)
    hooks = uniswap_v4.place_hooks(sender.rpc, sender, contracts["v4_pool_manager"])
    return (
        *created,
        *uniswap_v2.create_pairs(sender, scenario, tokens=tokens, contracts=contracts),
        *uniswap_v4.create_pools(sender, scenario, tokens=tokens, contracts=contracts, hooks=hooks),
    )


# The deployer's positions are paid through Permit2, and other may trade through every router.
def _approve(sender: Sender, tokens: dict[str, TokenEntry], contracts: dict[str, str]) -> None:
    manager = contracts["v4_position_manager"]
    permit2_approve = "approve(address,address,uint160,uint48)"
    for token in tokens.values():
        for spender in (published.PERMIT2, contracts["hand"]):
            unlimited = abi.call("approve(address,uint256)", spender, _UNLIMITED)
            sender.send(DEPLOYER, token.address, unlimited, gas=_CALL_GAS)
        terms = (token.address, manager, _UNLIMITED_PERMIT2, _NO_EXPIRATION)
        lasting = abi.call(permit2_approve, *terms)
        sender.send(DEPLOYER, published.PERMIT2, lasting, gas=_CALL_GAS)
        for name in _SPENDERS:
            approve = abi.call("approve(address,uint256)", contracts[name], _UNLIMITED)
            sender.send(OTHER, token.address, approve, gas=_CALL_GAS)
