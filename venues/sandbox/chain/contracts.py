"""Put the published contracts onto an empty node.

Every one is deployed by a transaction, except Permit2 and Multicall3, which have to be at their
well-known addresses and are placed there. For what a chain lacks (always Across; V2 and V4 where
the families are not asked for) the router is given the zero address.
"""

import re
from dataclasses import dataclass

from router.domain.error import ConfigError
from venues.sandbox.chain import abi, artifacts
from venues.sandbox.chain.accounts import DEPLOYER
from venues.sandbox.chain.manifest import TokenEntry
from venues.sandbox.chain.rpc import JsonRpc
from venues.sandbox.chain.scenario import DECIMALS, DTT, EXTRA_DECIMALS, NAMES, USDT, WETH
from venues.sandbox.chain.sender import Sender

PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
CREATE2_DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
"""Takes a salt and creation code as its calldata; the node has it from the first block."""

_ABSENT = "0x" + "00" * 20
_DEPLOY_GAS = 6_000_000
_CALL_GAS = 100_000
_SALTS_MAX = 10_000
_FEE_TOKEN_ATOMS = 10**10 * 10**18


def place_code(rpc: JsonRpc) -> None:
    """Put Permit2 and Multicall3 at their well-known addresses.

    Their runtime code is all they are: neither begins with anything in storage.
    """
    chain_id = int(rpc.request("eth_chainId"), 16)
    creation = abi.to_hex(artifacts.multicall3_creation_code())
    multicall3 = rpc.request("eth_call", {"data": creation}, "latest")
    permit2 = _permit2_code(artifacts.permit2_runtime_code(), chain_id)
    rpc.request("anvil_setCode", PERMIT2, abi.to_hex(permit2))
    rpc.request("anvil_setCode", MULTICALL3, multicall3)


def deploy_tokens(sender: Sender, token_order: tuple[str, ...]) -> dict[str, TokenEntry]:
    """Queue the tokens, at addresses that ascend in `token_order`.

    A V3 pool sorts its tokens by address, so the addresses decide which way round it quotes. The
    address space is cut in equal shares, and salts are tried until each token is in its own.
    """
    tokens: dict[str, TokenEntry] = {}
    for index, symbol in enumerate(token_order):
        code = _token_code(symbol)
        share = ((index << 160) // len(token_order), ((index + 1) << 160) // len(token_order))
        salt, address = _salt_for(abi.keccak(code), *share)
        sender.send(DEPLOYER, CREATE2_DEPLOYER, salt + code, gas=_DEPLOY_GAS)
        tokens[symbol] = TokenEntry(symbol, address, DECIMALS[symbol])
    return tokens


def deploy_extra_tokens(sender: Sender, tokens: dict[str, TokenEntry]) -> dict[str, TokenEntry]:
    """Queue the tokens that only the families have: USDT above all others, and a fee token."""
    code = _token_code(USDT)
    floor = max(int(token.address, 16) for token in tokens.values())
    salt, address = _salt_for(abi.keccak(code), floor, 1 << 160)
    sender.send(DEPLOYER, CREATE2_DEPLOYER, salt + code, gas=_DEPLOY_GAS)
    taking = artifacts.creation_code(artifacts.FEE_ON_TRANSFER) + abi.encode(_FEE_TOKEN_ATOMS)
    fee_token = sender.create(DEPLOYER, taking, gas=_DEPLOY_GAS)
    return {
        USDT: TokenEntry(USDT, address, EXTRA_DECIMALS[USDT]),
        DTT: TokenEntry(DTT, fee_token, EXTRA_DECIMALS[DTT]),
    }


@dataclass(frozen=True, slots=True)
class Beside:
    """What the router is told of the other families."""

    v2_factory: str = _ABSENT
    v2_pair_init_code_hash: bytes = bytes(32)
    v4_pool_manager: str = _ABSENT
    v4_position_manager: str = _ABSENT


def deploy_contracts(sender: Sender, weth: str, beside: Beside) -> dict[str, str]:
    """Queue the V3 and router contracts and return the address of each by name."""

    def create(artifact: str, *arguments: str | int) -> str:
        code = artifacts.creation_code(artifact) + abi.encode(*arguments)
        return sender.create(DEPLOYER, code, gas=_DEPLOY_GAS)

    factory = create(artifacts.V3_FACTORY)
    manager = create(artifacts.POSITION_MANAGER, factory, weth, _ABSENT)
    contracts = {
        "v3_factory": factory,
        "position_manager": manager,
        "quoter_v2": create(artifacts.QUOTER_V2, factory, weth),
        "tick_lens": create(artifacts.TICK_LENS),
        "universal_router": create(
            artifacts.UNIVERSAL_ROUTER,
            *(PERMIT2, weth, beside.v2_factory, factory),
            *(abi.to_hex(beside.v2_pair_init_code_hash), abi.to_hex(pool_init_code_hash())),
            *(beside.v4_pool_manager, manager, beside.v4_position_manager, _ABSENT),  # no Across
        ),
        "permit2": PERMIT2,
        "multicall3": MULTICALL3,
    }
    # The published factory knows three fees; the fourth came later, by a vote of its owner.
    enable = abi.call("enableFeeAmount(uint24,int24)", 100, 1)
    sender.send(DEPLOYER, factory, enable, gas=_CALL_GAS)
    return contracts


def pool_init_code_hash() -> bytes:
    """Return the hash of a V3 pool's creation code, which every pool's address contains."""
    return abi.keccak(artifacts.creation_code(artifacts.V3_POOL))


def _token_code(symbol: str) -> bytes:
    if symbol == WETH:
        return artifacts.creation_code(artifacts.WETH9)
    decimals = (DECIMALS | EXTRA_DECIMALS)[symbol]
    arguments = abi.encode(NAMES[symbol].encode(), symbol.encode(), decimals)
    return artifacts.creation_code(artifacts.ERC20) + arguments


# Permit2's constructor leaves the chain id and the domain separator in its code, and trusts the
# second while the first is the chain's. The published code was deployed on a test chain with this
# very id, at another address, and would refuse every signature here: so both are put to what the
# constructor would have left. The pattern is CHAINID PUSH32 id SUB PUSH2 .. JUMPI PUSH32 separator.
def _permit2_code(code: bytes, chain_id: int) -> bytes:
    found = re.search(rb"\x46\x7f(.{32})\x03\x61..\x57\x7f(.{32})", code, re.DOTALL)
    if found is None:
        raise ConfigError("Permit2's code is not the known one; the pinned version has changed")
    name = abi.keccak(b"Permit2")
    domain_type = b"EIP712Domain(string name,uint256 chainId,address verifyingContract)"
    fields = (abi.to_hex(abi.keccak(domain_type)), abi.to_hex(name), chain_id, PERMIT2)
    separator = abi.keccak(abi.encode(*fields))
    return b"".join(
        (
            code[: found.start(1)],
            abi.word(chain_id),
            code[found.end(1) : found.start(2)],
            separator,
            code[found.end(2) :],
        )
    )


def _salt_for(code_hash: bytes, floor: int, ceiling: int) -> tuple[bytes, str]:
    for number in range(_SALTS_MAX):
        salt = abi.word(number)
        address = abi.create2_address(CREATE2_DEPLOYER, salt=salt, init_code_hash=code_hash)
        if floor < int(address, 16) < ceiling:
            return salt, address
    raise ConfigError("token_order: no salt puts a token into its share of the address space")
