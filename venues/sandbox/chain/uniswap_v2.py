"""Uniswap V2 on the chain: the published factory, router and pairs, with reserves in them."""

from venues.sandbox.chain import abi, artifacts
from venues.sandbox.chain.accounts import DEPLOYER
from venues.sandbox.chain.family_plan import UNISWAP_V2, V2_FEE_PIPS
from venues.sandbox.chain.manifest import PoolEntry, TokenEntry
from venues.sandbox.chain.market import give, sorted_pair
from venues.sandbox.chain.scenario import PairPlan, Scenario
from venues.sandbox.chain.sender import Sender

_DEPLOY_GAS = 6_000_000
_CREATE_PAIR_GAS = 4_000_000
_CALL_GAS = 500_000


def deploy(sender: Sender, weth: str) -> dict[str, str]:
    """Queue the factory and the router, and return the address of each by name."""
    factory_code = artifacts.creation_code(artifacts.V2_FACTORY) + abi.encode(DEPLOYER.address)
    factory = sender.create(DEPLOYER, factory_code, gas=_DEPLOY_GAS)
    router_code = artifacts.creation_code(artifacts.V2_ROUTER) + abi.encode(factory, weth)
    router = sender.create(DEPLOYER, router_code, gas=_DEPLOY_GAS)
    return {"v2_factory": factory, "v2_router": router}


def create_pairs(
    sender: Sender,
    scenario: Scenario,
    *,
    tokens: dict[str, TokenEntry],
    contracts: dict[str, str],
) -> tuple[PoolEntry, ...]:
    """Queue every pair with its reserves, and return where they will be."""
    pairs = []
    for plan in scenario.pairs:
        token0, token1 = sorted_pair(tokens[plan.base].address, tokens[plan.quote].address)
        address = pair_address(contracts["v2_factory"], token0, token1)
        create = abi.call("createPair(address,address)", token0, token1)
        sender.send(DEPLOYER, contracts["v2_factory"], create, gas=_CREATE_PAIR_GAS)
        for symbol, atoms in zip((plan.base, plan.quote), _reserves(scenario, plan), strict=True):
            give(sender, tokens[symbol], to=address, atoms=atoms)
        mint = abi.call("mint(address)", DEPLOYER.address)
        sender.send(DEPLOYER, address, mint, gas=_CALL_GAS)
        pairs.append(PoolEntry(address, token0, token1, V2_FEE_PIPS, None, UNISWAP_V2))
    return tuple(pairs)


def pair_address(factory: str, token0: str, token1: str) -> str:
    """Return where a factory's CREATE2 puts the pair of two sorted tokens."""
    salt = abi.keccak(bytes.fromhex(token0[2:]) + bytes.fromhex(token1[2:]))
    return abi.create2_address(factory, salt=salt, init_code_hash=pair_init_code_hash())


def pair_init_code_hash() -> bytes:
    """Return the hash of a pair's creation code, which every pair's address contains."""
    return abi.keccak(artifacts.creation_code(artifacts.V2_PAIR))


# The depth in the base, and as much of the quote as the opening price asks for.
def _reserves(scenario: Scenario, plan: PairPlan) -> tuple[int, int]:
    base_atoms = scenario.atoms(plan.base, plan.depth_usdc)
    above, below = scenario.price_ratio(plan.base, plan.quote, plan.offset_pips)
    return base_atoms, base_atoms * above // below
