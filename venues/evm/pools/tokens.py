"""Whether a token is what the configuration says, and arrives whole when it is sent.

A plan counts atoms: a token that keeps a part of each transfer would make every amount wrong. It
is found by sending some out of a pool of ours and back, in a simulation that leaves no trace
(eth_simulateV1). Sans I/O: makes the requests, and reads what a node answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.error import MalformedDataError
from router.domain.units import AssetId
from venues.evm.pools.family import TokenContract
from venues.evm.pools.pool_setup import exactly
from venues.evm.words import abi, erc20
from venues.evm.words.multicall import ContractCall
from venues.evm.words.node import parse_data, parse_quantity
from venues.transport.json_rpc import Call, Json, JsonRpcError

TRANSFER: Final = bytes.fromhex("a9059cbb")  # transfer(address,uint256)

# Of what the pool has: small enough for tokens that bound a transfer. Fees are counted in basis
# points, and show in this many atoms or more.
_SHARE: Final = 100
_ATOMS_MIN: Final = 10_000
_STEPS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A transfer to be tried: out of a pool, to the account, and back.

    Attributes
    ----------
    holder : str
        A pool that has the token; of Uniswap V4 the PoolManager.
    """

    asset: AssetId
    token: str
    holder: str
    receiver: str
    amount_atoms: int


@dataclass(frozen=True, slots=True)
class TransferCheck:
    """What a trial told.

    Attributes
    ----------
    reason : str | None
        Why the token may not be traded; None if nothing speaks against it.
    is_verified : bool
        Whether amounts were compared; if not, only that the transfer does not fail.
    """

    reason: str | None
    is_verified: bool


def token_calls(token: TokenContract, *, holder: str) -> list[ContractCall]:
    """Return the reads that `check_token` and `probe` take."""
    return [erc20.decimals_call(token.address), erc20.balance_call(token.address, holder)]


def check_token(asset: AssetId, token: TokenContract, answers: Sequence[bytes]) -> str | None:
    """Return why a token is not the configured one; None if it is.

    Raises
    ------
    MalformedDataError
        If the answers are not those of a token.
    """
    decimals = abi.read_uint(exactly(2, answers)[0], 0, bits=8)
    if decimals != token.decimals:
        return (
            f"tokens.{asset}: {token.address} has {decimals} decimals, [assets] says "
            f"{token.decimals}; correct one of them"
        )
    return None


def probe(
    asset: AssetId,
    token: TokenContract,
    answers: Sequence[bytes],
    *,
    holder: str,
    receiver: str,
) -> Probe | None:
    """Return the transfer to be tried; None where the holder has too little to show a fee."""
    balance = abi.read_uint(exactly(2, answers)[1], 0)
    if balance < _ATOMS_MIN:
        return None
    return Probe(
        asset=asset,
        token=token.address,
        holder=holder,
        receiver=receiver,
        amount_atoms=max(balance // _SHARE, _ATOMS_MIN),
    )


def fee_on_transfer_request(trial: Probe, *, block: Json) -> Call:
    """Return the simulation whose answer `read_simulation` takes."""
    received = _call(erc20.balance_call(trial.token, trial.receiver))
    returned = _call(erc20.balance_call(trial.token, trial.holder))
    there = _transfer(trial, trial.holder, trial.receiver)
    back = _transfer(trial, trial.receiver, trial.holder)
    calls: list[Json] = [received, there, received, returned, back, returned]
    options: Json = {"blockStateCalls": [{"calls": calls}], "validation": False}
    return ("eth_simulateV1", (options, block))


def read_simulation(trial: Probe, answer: "Json | JsonRpcError") -> TransferCheck | None:
    """Return what the simulation told; None where the node did not simulate.

    Raises
    ------
    MalformedDataError
        If the answer has not the form of a simulation's.
    """
    if isinstance(answer, JsonRpcError):
        return None
    steps = _steps(answer)
    for direction, (before, transfer, after) in (("out of", steps[:3]), ("into", steps[3:])):
        if not _has_succeeded(transfer):
            return TransferCheck(_failure(trial, direction), is_verified=True)
        arrived = _balance(after) - _balance(before)
        if arrived != trial.amount_atoms:
            reason = (
                f"tokens.{trial.asset}: of {trial.amount_atoms} atoms sent {direction} "
                f"{trial.holder}, {arrived} arrive; remove the pools of this token"
            )
            return TransferCheck(reason, is_verified=True)
    return TransferCheck(None, is_verified=True)


def fallback_request(trial: Probe, *, block: Json) -> Call:
    """Return the call for a node without simulations, whose answer `read_fallback` takes."""
    return ("eth_call", (_transfer(trial, trial.holder, trial.receiver), block))


def read_fallback(trial: Probe, answer: "Json | JsonRpcError") -> TransferCheck:
    """Return whether a transfer fails; how much of it arrives stays unknown."""
    failed = isinstance(answer, JsonRpcError) or not _is_true(parse_data(answer))
    return TransferCheck(_failure(trial, "out of") if failed else None, is_verified=False)


def _call(call: ContractCall) -> dict[str, Json]:
    return {"to": call.target, "data": f"0x{call.data.hex()}"}


def _transfer(trial: Probe, sender: str, receiver: str) -> dict[str, Json]:
    data = TRANSFER + abi.address(receiver) + abi.word(trial.amount_atoms)
    return {"from": sender, **_call(ContractCall(trial.token, data))}


def _steps(answer: Json) -> list[dict[str, Json]]:
    block = answer[0] if isinstance(answer, list) and len(answer) == 1 else None
    calls = block.get("calls") if isinstance(block, dict) else None
    steps = [each for each in calls if isinstance(each, dict)] if isinstance(calls, list) else []
    if len(steps) != _STEPS:
        raise MalformedDataError(f"a simulation must tell of {_STEPS} calls, was {answer!r:.80}")
    return steps


def _has_succeeded(step: dict[str, Json]) -> bool:
    is_done = parse_quantity(step.get("status")) == 1
    return is_done and _is_true(parse_data(step.get("returnData")))


# Some tokens return nothing where the standard asks for true.
def _is_true(returned: bytes) -> bool:
    return not returned or any(returned)


def _balance(step: dict[str, Json]) -> int:
    return abi.read_uint(parse_data(step.get("returnData")), 0)


def _failure(trial: Probe, direction: str) -> str:
    return (
        f"tokens.{trial.asset}: sending {trial.amount_atoms} atoms {direction} {trial.holder} "
        "fails; remove the pools of this token"
    )
