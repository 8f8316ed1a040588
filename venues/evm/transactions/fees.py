"""What a transaction offers for gas: EIP-1559 terms within a cap, and those of its replacements.

The cap holds for every unit of gas of every attempt. Two floors compete below it: the price must
be good for the next block, and it should leave room for the replacements still to come. Where the
base fee leaves room for one only, the next block wins.
"""

from dataclasses import dataclass
from typing import Final

from router.domain.error import RouterError
from venues.evm.spec import REPLACEMENT_BUMP_PERCENT
from venues.evm.transactions.transaction import GasTerms
from venues.evm.words import abi
from venues.evm.words.multicall import ContractCall

BASE_FEE_HEADROOM: Final = 2  # a full block raises the base fee by an eighth: six full blocks
PRIORITY_FEE_MIN_WEI: Final = 1_000_000  # block builders pass over what pays them nothing
PRIORITY_FEE_SHARE_MAX: Final = 4  # of the cap: the rest is for the base fee, whatever a node says
GAS_HEADROOM_PERCENT: Final = 25  # state may move between the estimate and the block
GAS_LIMIT_MAX: Final = 1 << 24  # of one transaction, EIP-7825

# Predeploy of the OP stack: getL1Fee(bytes).
GAS_PRICE_ORACLE: Final = "0x420000000000000000000000000000000000000f"
_GET_L1_FEE: Final = bytes.fromhex("49948e0e")
ENVELOPE_BYTES: Final = 180  # a transaction without its data: at most so many, signature included
_PERCENT: Final = 100


class FeeCapError(RouterError):
    """No price within the cap would have the wanted effect; a reason not to send."""


@dataclass(frozen=True, slots=True)
class FeeMarket:
    """What the chain asks at present, and the most that is offered.

    Attributes
    ----------
    fee_cap_wei : int
        For one unit of gas.
    """

    base_fee_wei: int
    priority_fee_wei: int
    fee_cap_wei: int


def gas_limit(estimate: int) -> int:
    """Return an estimate with headroom, within what one transaction may use."""
    with_headroom = estimate + estimate * GAS_HEADROOM_PERCENT // _PERCENT
    return max(estimate, min(with_headroom, GAS_LIMIT_MAX))


def first_terms(market: FeeMarket, *, limit: int, replacements_to_come: int) -> GasTerms:
    """Return the terms of the first transaction of a nonce.

    Raises
    ------
    FeeCapError
        If the cap is below the base fee.
    """
    _check_base_fee(market)
    cap = market.fee_cap_wei
    tip = _tip(market)
    needed = min(market.base_fee_wei + tip, cap)
    fee = max(needed, min(_wanted(market, tip), _leaving_room(cap, replacements_to_come)))
    return GasTerms(limit, fee_max_wei=fee, priority_fee_max_wei=min(tip, fee))


def bumped_terms(
    last: GasTerms, market: FeeMarket, *, limit: int, replacements_to_come: int
) -> GasTerms:
    """Return the terms by which a transaction takes the place of one that offered `last`.

    Nodes compare with what was submitted last, in both fields; more than a tenth will do for all.

    Raises
    ------
    FeeCapError
        If no price within the cap is high enough.
    """
    _check_base_fee(market)
    cap = market.fee_cap_wei
    tip = max(raised(last.priority_fee_max_wei), _tip(market))
    least = raised(last.fee_max_wei)
    if least > cap:
        raise FeeCapError(
            f"no price within fee_cap_wei, {cap} wei, replaces one of {last.fee_max_wei} wei"
        )
    needed = min(max(least, market.base_fee_wei + tip), cap)
    fee = max(needed, min(_wanted(market, tip), _leaving_room(cap, replacements_to_come)))
    return GasTerms(limit, fee_max_wei=fee, priority_fee_max_wei=min(tip, fee))


def raised(wei: int) -> int:
    """Return what replaces a price: more by REPLACEMENT_BUMP_PERCENT, rounded up, never equal."""
    return max(wei + 1, -(-wei * (_PERCENT + REPLACEMENT_BUMP_PERCENT) // _PERCENT))


def data_fee_call(data: bytes) -> ContractCall:
    """Return the read that tells what the OP stack charges for posting a transaction elsewhere.

    The envelope, of bytes that do not compress, is added; so the answer is not too small.
    """
    sample = data + bytes(range(1, ENVELOPE_BYTES + 1))
    content = _GET_L1_FEE + abi.encode(abi.dynamic_bytes(sample))
    return ContractCall(GAS_PRICE_ORACLE, content)


def read_data_fee(answer: bytes) -> int:
    """Return the answer to `data_fee_call`, in wei."""
    return abi.read_uint(answer, 0)


def _check_base_fee(market: FeeMarket) -> None:
    if market.fee_cap_wei < market.base_fee_wei:
        raise FeeCapError(
            f"no price within fee_cap_wei: {market.fee_cap_wei} wei is below the base fee, "
            f"{market.base_fee_wei} wei"
        )


def _tip(market: FeeMarket) -> int:
    most = market.fee_cap_wei // PRIORITY_FEE_SHARE_MAX
    return min(max(market.priority_fee_wei, PRIORITY_FEE_MIN_WEI), most)


def _wanted(market: FeeMarket, tip: int) -> int:
    return BASE_FEE_HEADROOM * market.base_fee_wei + tip


# The highest price that `raised` can be applied to so often without leaving the cap.
def _leaving_room(cap: int, replacements_to_come: int) -> int:
    price = cap
    for _ in range(replacements_to_come):
        price = price * _PERCENT // (_PERCENT + REPLACEMENT_BUMP_PERCENT)
    return price
