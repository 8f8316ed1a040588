"""Executing a transaction on the pending state without effect, and what may be concluded from it.

Sans I/O. eth_estimateGas tells whether it reverts and what gas it takes, on every node; where a
node has eth_simulateV1, its logs tell as well what leaves the account and which pools are traded
in. Without it nobody notices before the signature that a router takes more than the legs need, or
trades in other pools than the configured ones: use nodes that have it.

References
----------
execution-apis, eth_simulateV1: with traceTransfers, moves of the coin are told as transfers of a
token at 0xeeee…; without validation the nonce and the fees are not looked at.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.error import MalformedDataError
from venues.evm.nodes.chain import PENDING, Transaction, revert_data
from venues.evm.pools.family import NATIVE_COIN
from venues.evm.words import abi, revert
from venues.evm.words.node import Log, parse_data, parse_logs, parse_quantity
from venues.transport.json_rpc import Answer, Call, Json, JsonRpcError

_TRANSFER: Final = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
_COIN_LOGGER: Final = "0x" + "ee" * 20
_TRANSFER_TOPICS: Final = 3  # ERC-20; the transfer of a single item, ERC-721, has a fourth


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a transaction would do.

    Attributes
    ----------
    gas_estimate : int
        The least gas limit with which it succeeds.
    logs : tuple of Log, or None
        What contracts would tell, moves of the coin among it. None where the node does not say.
    """

    gas_estimate: int
    logs: tuple[Log, ...] | None


def calls(transaction: Transaction) -> tuple[Call, Call]:
    """Return the questions whose answers `read` takes."""
    fields = transaction.fields()
    simulation: dict[str, Json] = {
        "blockStateCalls": [{"calls": [fields]}],
        "validation": False,
        "traceTransfers": True,
    }
    return ("eth_estimateGas", (fields, PENDING)), ("eth_simulateV1", (simulation, PENDING))


def read(answers: tuple[Answer, Answer]) -> Simulated | str:
    """Return what would happen, or why it must not be signed.

    A node that does not know eth_simulateV1, or cannot simulate on the pending state, answers with
    an error; the estimate stands by itself then.

    Raises
    ------
    JsonRpcError, MalformedDataError
        If the estimate failed for another reason than a revert, or an answer makes no sense.
    """
    estimate, simulation = answers
    if isinstance(estimate, JsonRpcError):
        reason = revert_data(estimate)
        if reason is None:
            raise estimate
        return _would_revert(reason)
    logs = None
    if not isinstance(simulation, JsonRpcError):
        outcome = _only_call(simulation)
        if parse_quantity(outcome.get("status")) != 1:
            return _would_revert(_reason(outcome))
        logs = parse_logs(outcome.get("logs"))
    return Simulated(parse_quantity(estimate), logs)


def excess(logs: Sequence[Log], limits: Mapping[str, int], *, account: str) -> str | None:
    """Return what would leave the account, net, beyond the limits; None if nothing would.

    Parameters
    ----------
    limits : Mapping[str, int]
        In atoms by token; `NATIVE_COIN` is the coin. Of a token without one nothing may leave.
    """
    for token, atoms in _spent(logs, account.lower()).items():
        most = limits.get(token, 0)
        if atoms > most:
            what = "wei" if token == NATIVE_COIN else f"atoms of {token}"
            return f"would take {atoms} {what} from the account, allowed are {most}"
    return None


def _would_revert(reason: bytes) -> str:
    return f"would revert: {revert.explain(reason)}"


def _only_call(simulation: Json) -> Mapping[str, object]:
    match simulation:
        case [{"calls": [dict(outcome)]}]:
            return outcome
        case _:
            raise MalformedDataError(f"eth_simulateV1: must hold one call, was {simulation!r:.80}")


# geth gives the reason as error data, anvil as what the call returned.
def _reason(outcome: Mapping[str, object]) -> bytes:
    error = outcome.get("error")
    data = error.get("data") if isinstance(error, dict) else None
    return parse_data(data or outcome.get("returnData") or "0x")


def _spent(logs: Sequence[Log], account: str) -> dict[str, int]:
    spent: dict[str, int] = defaultdict(int)
    for log in logs:
        if len(log.topics) == _TRANSFER_TOPICS and log.topics[0] == _TRANSFER:
            _add(spent, log, account)
    return dict(spent)


def _add(spent: dict[str, int], log: Log, account: str) -> None:
    token = NATIVE_COIN if log.address == _COIN_LOGGER else log.address
    sender, recipient = (abi.read_address(abi.hex_bytes(topic), 0) for topic in log.topics[1:])
    atoms = abi.read_uint(log.data, 0)
    spent[token] += atoms * ((sender == account) - (recipient == account))
