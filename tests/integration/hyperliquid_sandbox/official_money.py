"""Keys, sub-accounts and transfers through the venue's own client; a part of `official_day.py`."""

from official_orders import GTC, buy


def transfers(desk):
    """Move money between the purses of the account and to others."""
    owner = desk.owner
    desk.done("to_spot", owner.usd_class_transfer(5_000.0, to_perp=False))
    desk.done("to_perp", owner.usd_class_transfer(1_000.0, to_perp=True))
    desk.done("usd_send", owner.usd_transfer(250.0, desk.friend))
    desk.done("spot_send", owner.spot_transfer(10.0, desk.friend, desk.purr))
    desk.done("withdraw", owner.withdraw_from_bridge(100.0, desk.master))
    desk.refused("usd_send_too_much", owner.usd_transfer(1e9, desk.friend))
    desk.refused("agent_cannot_send", desk.agent.usd_transfer(1.0, desk.friend))


def sub_accounts(desk):
    """Open a sub-account, fund it, trade it, and take some back."""
    owner = desk.owner
    made = desk.say("sub_account", owner.create_sub_account("night shift"))
    assert made["status"] == "ok", made
    sub = made["response"]["data"]
    desk.done("sub_fund", owner.sub_account_transfer(sub, is_deposit=True, usd=3_000_000_000))
    desk.done("sub_take", owner.sub_account_transfer(sub, is_deposit=False, usd=1_000_000_000))
    desk.done(
        "sub_spot",
        owner.sub_account_spot_transfer(sub, is_deposit=True, token=desk.purr, amount=5.0),
    )
    trader = desk.exchange(desk.agent.wallet.key, vault_address=sub)
    desk.resting("sub_order", buy(trader, "ETH", 0.5, 2900.0, GTC))
    desk.say("sub_orders", desk.info.open_orders(sub))
    desk.say("sub_accounts", desk.info.query_sub_accounts(desk.master))
    desk.say("sub_role", desk.info.user_role(sub))


def vaults(desk):
    """Put money into a vault."""
    desk.done(
        "vault_deposit", desk.owner.vault_usd_transfer(desk.vault, is_deposit=True, usd=100_000_000)
    )
    desk.ask("vault_details", "vaultDetails", vaultAddress=desk.vault)


def agents(desk):
    """Approve keys and trade with them."""
    answer, key = desk.owner.approve_agent()
    desk.done("approve_agent", answer)
    fresh = desk.exchange(key, account_address=desk.master)
    desk.resting("fresh_agent_order", buy(fresh, "ETH", 0.5, 2890.0, GTC))
    answer, _ = desk.owner.approve_agent("desk two")
    desk.done("approve_named_agent", answer)
    desk.say("extra_agents", desk.info.extra_agents(desk.master))
    desk.say("agent_role", desk.info.user_role(fresh.wallet.address))
    stranger = desk.exchange("0x" + "77" * 32)
    desk.refused("stranger", buy(stranger, "ETH", 1.0, 2900.0, GTC))
    desk.agent.set_expires_after(1)
    desk.refused("expired", buy(desk.agent, "ETH", 1.0, 2900.0, GTC))
    desk.agent.set_expires_after(None)


def modes(desk):
    """Set a referrer, a margin mode and an EVM preference; be refused staking."""
    code = {"type": "registerReferrer", "code": "SANDBOX"}
    desk.done("register_referrer", desk.act(desk.other, code))
    desk.done("set_referrer", desk.owner.set_referrer("SANDBOX"))
    desk.say("big_blocks", desk.owner.use_big_blocks(enable=True))
    desk.say("abstraction", desk.owner.user_set_abstraction(desk.master, "disabled"))
    desk.refused("delegate", desk.owner.token_delegate(desk.vault, 1, is_undelegate=False))
