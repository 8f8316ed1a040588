"""What the prepared chain consists of, checked against the contracts and published constants."""

import random

import eth_abi
import pytest
from eth_account import Account
from eth_account.messages import hash_domain
from eth_utils import to_checksum_address

from venues.sandbox.chain import WETH_FIRST, ChainManifest, SwapPath, abi, plan, start
from venues.sandbox.chain.contracts import pool_init_code_hash

PRODUCTION_INIT_CODE_HASH = "e34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54"
USDC_ATOMS = 10**6
WETH_ATOMS = 10**18
FEES_PIPS = (100, 500, 3000, 10_000)


def ticks_of(chain, pool):
    """Return (tick, net, gross) of every initialised tick, as TickLens tells it."""
    here = chain.client.pool_state(pool).tick // pool.tick_spacing
    reach = 40_000 // pool.tick_spacing
    lens = chain.manifest.contracts["tick_lens"]
    requests = []
    for word in range((here - reach) >> 8, ((here + reach) >> 8) + 1):
        data = abi.call("getPopulatedTicksInWord(address,int16)", pool.address, word)
        requests.append(("eth_call", [{"to": lens, "data": abi.to_hex(data)}, "latest"]))
    found = []
    for answer in chain.client.rpc.batch(requests):
        found += eth_abi.decode(["(int24,int128,uint128)[]"], bytes.fromhex(answer[2:]))[0]
    return sorted(found)


def test_the_pools_creation_code_is_the_one_of_the_public_chains():
    assert pool_init_code_hash().hex() == PRODUCTION_INIT_CODE_HASH


@pytest.mark.parametrize("chain_id", [31337, 424242])
def test_permit2_signs_for_this_chain_and_its_own_address(chain_id):
    with start(chain_id=chain_id) as running:
        permit2 = running.manifest.contracts["permit2"]
        separator = running.client.call(permit2, abi.call("DOMAIN_SEPARATOR()"))[0]

    domain = {"name": "Permit2", "chainId": chain_id, "verifyingContract": permit2}
    assert running.manifest.chain_id == chain_id
    assert separator == int.from_bytes(hash_domain(domain), "big")


def test_the_factory_knows_every_pool_at_its_computed_address(chain):
    factory = chain.manifest.contracts["v3_factory"]
    for pool in chain.manifest.pools:
        data = abi.call("getPool(address,address,uint24)", pool.token0, pool.token1, pool.fee_pips)

        known = chain.client.call(factory, data)[0]

        assert known == int(pool.address, 16)
        assert int(pool.token0, 16) < int(pool.token1, 16)
        assert chain.client.call(pool.address, abi.call("tickSpacing()")) == [pool.tick_spacing]


def test_net_liquidity_sums_to_zero_and_gives_the_liquidity_at_the_price(chain):
    for pool in chain.manifest.pools:
        state = chain.client.pool_state(pool)

        ticks = ticks_of(chain, pool)

        assert len(ticks) > 20
        assert sum(net for _, net, _ in ticks) == 0
        assert sum(net for tick, net, _ in ticks if tick <= state.tick) == state.liquidity


def test_every_position_went_through_the_position_manager(chain):
    manager = chain.manifest.contracts["position_manager"]
    owner = chain.manifest.account("deployer").address

    count = chain.client.call(manager, abi.call("balanceOf(address)", owner))[0]

    assert count == 30 * len(chain.manifest.pools)


def test_tokens_answer_with_their_own_symbol_and_decimals(chain):
    assert {token.symbol: token.decimals for token in chain.manifest.tokens} == {
        "USDC": 6,
        "WETH": 18,
        "WBTC": 8,
    }
    for token in chain.manifest.tokens:
        answer = chain.client.rpc.request(
            "eth_call", {"to": token.address, "data": abi.to_hex(abi.call("symbol()"))}, "latest"
        )

        assert eth_abi.decode(["string"], bytes.fromhex(answer[2:])) == (token.symbol,)
        assert chain.client.call(token.address, abi.call("decimals()")) == [token.decimals]


def test_accounts_are_funded_and_their_keys_are_theirs(chain):
    for account in chain.manifest.accounts:
        assert Account.from_key(account.private_key).address == account.address
        assert account.sandbox_only
    for name in ("trader", "other"):
        holder = chain.manifest.account(name).address

        assert chain.client.balance_of("ETH", holder) == 1_000 * 10**18
        assert chain.client.balance_of("USDC", holder) == 3_000_000 * USDC_ATOMS
        assert chain.client.balance_of("WETH", holder) == 500 * WETH_ATOMS
        assert chain.client.balance_of("WBTC", holder) == 20 * 10**8


def test_the_trader_let_permit2_move_a_finite_amount_and_the_router_none(chain):
    trader = chain.manifest.account("trader").address
    permit2 = chain.manifest.contracts["permit2"]
    router = chain.manifest.contracts["universal_router"]
    for token in chain.manifest.tokens:
        approval = abi.call("allowance(address,address)", trader, permit2)
        allowance = abi.call("allowance(address,address,address)", trader, token.address, router)

        approved = chain.client.call(token.address, approval)[0]

        assert chain.client.balance_of(token.symbol, trader) <= approved < 1 << 128
        assert chain.client.call(permit2, allowance) == [0, 0, 0]


def test_a_pool_lies_inside_its_own_fee_of_the_common_price(chain):
    weth = chain.manifest.token("WETH").address
    for fee in FEES_PIPS:
        pool = chain.manifest.pool("WETH", "USDC", fee)
        assert pool.token1 == weth

        # token0 is USDC, so the square of the price counts wei per USDC atom.
        usdc_per_weth = 10**12 * (1 << 192) / chain.client.pool_state(pool).sqrt_price_x96 ** 2

        assert 0.2 * fee < abs(usdc_per_weth / 3_000 - 1) * 1e6 < fee


# Each slice goes where it buys the most, which for falling marginal prices is the best split up to
# the size of a slice. The detour shares no pool with the direct ways.
def best_split(chain, paths):
    """Spend 750,000 USDC, the price of 250 ether, and return spent by path and marginal prices."""
    slice_atoms = 10_000 * USDC_ATOMS
    spent, bought, prices = dict.fromkeys(paths, 0), dict.fromkeys(paths, 0), []
    for _ in range(75):
        offers = {
            path: chain.client.quote_exact_input(path, spent[path] + slice_atoms) for path in paths
        }
        best = max(paths, key=lambda path: offers[path] - bought[path])
        prices.append(slice_atoms / (offers[best] - bought[best]))
        spent[best] += slice_atoms
        bought[best] = offers[best]
    return {path: atoms / sum(spent.values()) for path, atoms in spent.items()}, prices


def test_buying_250_ether_splits_and_moves_the_price_by_tens_of_basis_points(chain):
    direct = [SwapPath(("USDC", "WETH"), (fee,)) for fee in FEES_PIPS]

    shares, prices = best_split(chain, direct)

    assert 10 < (prices[-1] / prices[0] - 1) * 10_000 < 40
    assert sum(share >= 0.05 for share in shares.values()) >= 3


def test_a_large_order_gains_by_a_detour_and_a_small_one_does_not(chain):
    direct = [SwapPath(("USDC", "WETH"), (fee,)) for fee in FEES_PIPS]
    detour = SwapPath(("USDC", "WBTC", "WETH"), (3000, 500))
    small = 3_000 * USDC_ATOMS

    shares, _ = best_split(chain, [*direct, detour])

    assert shares[detour] >= 0.05
    best_direct = max(chain.client.quote_exact_input(path, small) for path in direct)
    assert chain.client.quote_exact_input(detour, small) < best_direct


def test_the_tokens_can_be_ordered_the_other_way_round():
    with start(scenario=plan(7, token_order=WETH_FIRST)) as other_way:
        weth = other_way.manifest.token("WETH").address
        pools = [other_way.manifest.pool("WETH", "USDC", fee) for fee in FEES_PIPS]
        paid = other_way.client.quote_exact_input(SwapPath(("WETH", "USDC"), (500,)), WETH_ATOMS)

    assert all(pool.token0 == weth for pool in pools)
    assert 2_990 * USDC_ATOMS < paid < 3_010 * USDC_ATOMS


def test_weth_is_token0_in_one_pair_and_token1_in_another(chain):
    weth = chain.manifest.token("WETH").address

    assert chain.manifest.pool("WETH", "USDC", 500).token1 == weth
    assert chain.manifest.pool("WETH", "WBTC", 500).token0 == weth


@pytest.mark.parametrize("seed", range(8))
def test_no_seed_puts_a_pool_outside_its_fee(seed):
    for pool in plan(seed).pools:
        assert 0 < abs(pool.offset_pips) < pool.fee_pips
        assert all(each.lower_offset < each.upper_offset for each in pool.positions)


def test_a_manifest_survives_its_file(chain, tmp_path):
    path = tmp_path / "chain.json"

    chain.manifest.write(path)

    assert ChainManifest.read(path) == chain.manifest
    assert list(tmp_path.iterdir()) == [path]


def test_addresses_are_in_checksum_case(chain):
    pools = [pool.address for pool in chain.manifest.pools]
    tokens = [token.address for token in chain.manifest.tokens]
    for address in (*pools, *tokens, *chain.manifest.contracts.values()):
        assert address == to_checksum_address(address)


def test_calldata_is_what_an_independent_encoder_makes():
    rng = random.Random(1)
    for _ in range(50):
        number, text = rng.randrange(1 << 256), rng.randbytes(rng.randrange(100))
        parts = tuple(rng.randbytes(rng.randrange(70)) for _ in range(rng.randrange(4)))
        address = to_checksum_address(rng.randbytes(20))
        negative = -rng.randrange(1, 1 << 23)

        ours = abi.encode(number, text, address, parts, negative)

        types = ["uint256", "bytes", "address", "bytes[]", "int24"]
        assert ours == eth_abi.encode(types, [number, text, address, parts, negative])
