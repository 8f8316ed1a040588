"""One action on the wire: how its JSON is read, and what the result means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from venues.sandbox.hyperliquid.actions.reading import (
    Key,
    chain_id,
    integer,
    key,
    one_of,
    shape,
    text,
)

Action_co = TypeVar("Action_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Form(Generic[Action_co]):
    """Reads the normal form of an action, and builds the action from its normal form."""

    read: Callable[[object], dict[str, Any]]
    build: Callable[[Mapping[str, Any]], Action_co]


def l1(*keys: Key, build: Callable[[Mapping[str, Any]], Action_co]) -> Form[Action_co]:
    """Return the form of an action that is signed by its hash; the order of keys counts."""
    return Form(shape(key("type", text), *keys), build)


def user_signed(*keys: Key, build: Callable[[Mapping[str, Any]], Action_co]) -> Form[Action_co]:
    """Return the form of an action that is signed field by field; its last key is the nonce."""
    head = (
        key("type", text),
        key("signatureChainId", chain_id),
        key("hyperliquidChain", one_of("Mainnet", "Testnet")),
    )
    return Form(shape(*head, *keys, is_ordered=False), build)


NONCE = key("nonce", integer)
TIME = key("time", integer)
