"""An action from its envelope to its answer: who acts, may it, what does it do.

The order of the checks is the venue's as far as it shows: the signer, the address's allowance, the
nonce, `expiresAfter`, then the action. What is refused by its signer or its allowance uses up
neither nonce nor requests; a stale action costs five times its weight.
"""

from collections.abc import Callable, Mapping
from typing import Any

from venues.sandbox.hyperliquid.actions import actor, allowance, nonces
from venues.sandbox.hyperliquid.actions.effects import (
    account,
    keys,
    margin,
    orders,
    transfers,
    vaults,
)
from venues.sandbox.hyperliquid.actions.effects.turn import (
    Answer,
    Turn,
    done_unless,
    refused,
)
from venues.sandbox.hyperliquid.actions.envelope import Action, Envelope
from venues.sandbox.hyperliquid.actions.messages import account as asked
from venues.sandbox.hyperliquid.actions.messages import margin as margins
from venues.sandbox.hyperliquid.actions.messages import orders as ordered
from venues.sandbox.hyperliquid.actions.messages import transfers as moved
from venues.sandbox.hyperliquid.actions.messages.other import NotPlayed
from venues.sandbox.hyperliquid.actions.registry import Registry
from venues.sandbox.hyperliquid.actions.typed import USER_SIGNED
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.order import Stamp
from venues.sandbox.hyperliquid.state import Exchange

NOT_PLAYED = "Action {} is not supported by this sandbox."  # ours
STALE = "Action already expired"
EXPIRY_UNSUPPORTED = "expiresAfter is not supported for user-signed actions."  # ours
OTHER_NONCE = "Invalid nonce: action says {}, request says {}"  # ours


class Actions:
    """What clients may do to a venue, and what only their actions know of it.

    Parameters
    ----------
    state : Exchange
    matching : Matching
        Works on the same state.
    """

    def __init__(self, state: Exchange, matching: Matching) -> None:
        self.registry = Registry()
        self._state = state
        self._matching = matching

    def apply(self, envelope: Envelope, now_ms: int) -> Answer:
        """Apply one action at the time of its block and return the answer."""
        found = actor.find(self._state, envelope, registry=self.registry, now_ms=now_ms)
        if isinstance(found, str):
            return refused(found)
        complaint = self._complaint(envelope, found, now_ms)
        if complaint is not None:
            return refused(complaint)
        turn = Turn(
            state=self._state,
            matching=self._matching,
            registry=self.registry,
            account=found.account,
            signer=found.signer,
            is_agent=found.is_agent,
            stamp=Stamp(now_ms, "0x" + envelope.fingerprint.hex()),
        )
        return perform(turn, envelope.action)

    def _complaint(self, envelope: Envelope, found: actor.Actor, now_ms: int) -> str | None:
        complaint = _time_error(envelope)
        if complaint is None:
            complaint = allowance.spend(
                found.account,
                self._state.config.limits,
                registry=self.registry,
                weight=envelope.weight,
                is_cancel=envelope.is_cancel,
                now_ms=now_ms,
            )
        if complaint is None:
            used = self._state.nonces.setdefault(found.signer, [])
            complaint = nonces.take(used, envelope.nonce, now_ms=now_ms)
        expires_after = envelope.expires_after
        if complaint is None and expires_after is not None and expires_after < now_ms:
            allowance.charge_stale(found.account, envelope.weight)
            complaint = STALE
        return complaint


def perform(turn: Turn, action: Action) -> Answer:
    """Do what an accepted action says."""
    if isinstance(action, NotPlayed):
        return refused(NOT_PLAYED.format(action.name))
    tell = TELLING.get(type(action))
    return done_unless(WORKING[type(action)](turn, action)) if tell is None else tell(turn, action)


def _nothing(_turn: Turn, _action: object) -> None:
    return None


def _no_rewards(_turn: Turn, _action: object) -> str:
    return account.NO_REWARDS


TELLING: Mapping[type, Callable[[Turn, Any], Answer]] = {
    ordered.PlaceOrders: orders.place,
    ordered.CancelOrders: orders.cancel,
    ordered.ModifyOrders: orders.modify,
    ordered.StartTwap: orders.start_twap,
    ordered.StopTwap: orders.stop_twap,
    asked.CreateSubAccount: account.create_sub_account,
}
"""Actions whose answer carries data."""

WORKING: Mapping[type, Callable[[Turn, Any], str | None]] = {
    ordered.ScheduleCancel: orders.schedule_cancel,
    ordered.Noop: _nothing,
    margins.UpdateLeverage: margin.update_leverage,
    margins.UpdateIsolatedMargin: margin.update_isolated_margin,
    margins.TopUpIsolated: margin.top_up_isolated,
    moved.SendUsd: transfers.send_usd,
    moved.SendSpot: transfers.send_spot,
    moved.Withdraw: transfers.withdraw,
    moved.MoveClass: transfers.move_class,
    moved.SendAsset: transfers.send_asset,
    moved.MoveToSubAccount: transfers.move_to_sub_account,
    moved.MoveSpotToSubAccount: transfers.move_spot_to_sub_account,
    moved.MoveToVault: vaults.move,
    asked.ApproveAgent: keys.approve_agent,
    asked.ApproveBuilderFee: account.approve_builder_fee,
    asked.SetAbstraction: account.set_abstraction,
    asked.ConvertToMultiSig: keys.convert_to_multi_sig,
    asked.RenameSubAccount: account.rename_sub_account,
    asked.SetReferrer: account.set_referrer,
    asked.RegisterReferrer: account.register_referrer,
    asked.SetDisplayName: account.set_display_name,
    asked.ReserveWeight: account.reserve_weight,
    asked.ClaimRewards: _no_rewards,
    asked.ChooseWithoutEffect: _nothing,
}
"""Actions that either work or do not."""


def _time_error(envelope: Envelope) -> str | None:
    # What is signed field by field says its own nonce, and cannot expire.
    struct = USER_SIGNED.get(envelope.inner["type"])
    if struct is None:
        return None
    said = envelope.inner[struct.nonce_key]
    if said != envelope.nonce:
        return OTHER_NONCE.format(said, envelope.nonce)
    is_plain = envelope.multi_sig is None
    return EXPIRY_UNSUPPORTED if is_plain and envelope.expires_after is not None else None
