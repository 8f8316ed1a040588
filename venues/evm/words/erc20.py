"""The few reads of a token that are needed. From ERC-20; the tests compute the selectors again."""

from typing import Final

from venues.evm.words import abi
from venues.evm.words.multicall import ContractCall

DECIMALS: Final = bytes.fromhex("313ce567")
BALANCE_OF: Final = bytes.fromhex("70a08231")
ALLOWANCE: Final = bytes.fromhex("dd62ed3e")


def decimals_call(token: str) -> ContractCall:
    """Ask for a token's decimals."""
    return ContractCall(token, DECIMALS)


def balance_call(token: str, owner: str) -> ContractCall:
    """Ask for a token balance."""
    return ContractCall(token, BALANCE_OF + abi.address(owner))


def allowance_call(token: str, *, owner: str, spender: str) -> ContractCall:
    """Ask how much of a token a contract may take."""
    return ContractCall(token, ALLOWANCE + abi.address(owner) + abi.address(spender))
