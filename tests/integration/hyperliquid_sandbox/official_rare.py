"""What a desk seldom asks for, through the venue's own client; a part of `official_day.py`."""

from hyperliquid.utils.signing import get_timestamp_ms, sign_multi_sig_l1_action_payload
from hyperliquid.utils.types import Cloid
from official_orders import ALO, buy

PAIR = [Cloid.from_int(number) for number in (21, 22)]


def batches(desk):
    """Cancel two orders at once by each kind of name."""
    agent = desk.agent
    oids = [desk.resting(f"batch_{i}", buy(agent, "ETH", 1.0, 2800.0 + i, ALO)) for i in (1, 2)]
    for number, cloid in enumerate(PAIR):
        desk.resting(f"named_{number}", buy(agent, "ETH", 1.0, 2810.0, ALO, cloid=cloid))
    by_oid = [{"coin": "ETH", "oid": oid} for oid in (*oids, 10**12)]
    by_cloid = [{"coin": "ETH", "cloid": cloid} for cloid in PAIR]
    desk.statuses("cancel_by_oids", agent.bulk_cancel(by_oid))
    desk.statuses("cancel_by_cloids", agent.bulk_cancel_by_cloid(by_cloid))
    desk.say("asset", desk.info.name_to_asset("xyz:XYZ100"))


def modes(desk):
    """Choose balance modes by each key that may, and go back."""
    desk.done("enable_abstraction", desk.other.agent_enable_dex_abstraction())
    desk.say("mode_dex", desk.info.query_user_abstraction_state(desk.friend))
    desk.refused("agent_again", desk.agent.agent_set_abstraction("u"))
    desk.done("mode_back", desk.other.user_dex_abstraction(desk.friend, enabled=False))


def shared_account(desk):
    """Make an account that two keys sign for, and trade it with both."""
    shared = desk.shared.wallet
    users = [desk.master, desk.friend]
    desk.done("to_shared", desk.owner.usd_transfer(1_000.0, shared.address))
    desk.done("convert", desk.shared.convert_to_multi_sig_user(users, 2))
    desk.refused("alone", buy(desk.shared, "ETH", 0.1, 2900.0, ALO))
    action = {
        "type": "order",
        "orders": [
            {"a": 1, "b": True, "p": "2900", "s": "0.1", "r": False, "t": {"limit": {"tif": "Alo"}}}
        ],
        "grouping": "na",
    }
    nonce = get_timestamp_ms()
    signatures = [
        sign_multi_sig_l1_action_payload(
            wallet,
            action,
            False,  # noqa: FBT003 - the client's own signature
            None,
            nonce,
            None,
            shared.address,
            desk.master,
        )
        for wallet in (desk.owner.wallet, desk.other.wallet)
    ]
    few = desk.owner.multi_sig(shared.address, action, signatures[:1], nonce)
    desk.refused("too_few", few)
    desk.resting("together", desk.owner.multi_sig(shared.address, action, signatures, nonce))
    desk.say("shared_signers", desk.info.query_user_to_multi_sig_signers(shared.address))


def not_played(desk):
    """Ask for what this venue does not play: it must know who asks, and say what it cannot do."""
    owner = desk.owner
    asked = {
        "CSignerAction": (
            owner.c_signer_jail_self,
            owner.c_signer_unjail_self,
            lambda: owner.c_signer_inner("jailSelf"),
        ),
        "CValidatorAction": (
            owner.c_validator_unregister,
            lambda: owner.c_validator_register(
                "1.2.3.4",
                "node",
                "a node",
                delegations_disabled=False,
                commission_bps=100,
                signer=desk.master,
                unjailed=False,
                initial_wei=1,
            ),
            lambda: owner.c_validator_change_profile(
                None,
                "node",
                None,
                unjailed=False,
                disable_delegations=None,
                commission_bps=None,
                signer=None,
            ),
        ),
        "gossipPriorityBid": (lambda: owner.gossip_priority_bid(0, "1.2.3.4", 100),),
        "perpDeploy": (
            lambda: owner.perp_deploy_register_asset(
                "xyz", None, "xyz:NEW", 2, "1.5", 10, only_isolated=True, schema=None
            ),
            lambda: owner.perp_deploy_set_oracle("xyz", {"xyz:NVDA": "181"}, [], {}),
        ),
        "spotDeploy": spot_deployments(owner, desk.master),
    }
    for name, calls in asked.items():
        for number, call in enumerate(calls):
            desk.refused(f"not_played/{name}/{number}", call())


def spot_deployments(owner, user):
    """Return a call of every step of listing a token."""
    return (
        lambda: owner.spot_deploy_register_token("NEW", 2, 8, 100, "New"),
        lambda: owner.spot_deploy_user_genesis(7, [(user, "1")], []),
        lambda: owner.spot_deploy_enable_freeze_privilege(7),
        lambda: owner.spot_deploy_freeze_user(7, user, freeze=True),
        lambda: owner.spot_deploy_revoke_freeze_privilege(7),
        lambda: owner.spot_deploy_enable_quote_token(7),
        lambda: owner.spot_deploy_token_action_inner("enableQuoteToken", 7),
        lambda: owner.spot_deploy_genesis(7, "1000", no_hyperliquidity=True),
        lambda: owner.spot_deploy_register_spot(7, 0),
        lambda: owner.spot_deploy_register_hyperliquidity(7, 1.0, 10.0, 5, None),
        lambda: owner.spot_deploy_set_deployer_trading_fee_share(7, "100%"),
    )
