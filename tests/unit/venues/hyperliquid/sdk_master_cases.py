"""Random requests for the master key; see `sdk_cases`."""

from tests.unit.venues.hyperliquid.sdk_cases import Twin, address, micro_usd, number
from venues.hyperliquid.master import requests
from venues.hyperliquid.master.typed_data import CHAIN_FIELD
from venues.hyperliquid.signing.key import Key


def usd_send(draw, nonce):
    to, amount = address(draw), micro_usd(draw)
    ours = requests.usd_send(to, micro_usd=amount, nonce=nonce)
    return Twin(ours, "usd_transfer", (number(amount, 6), to))


def withdraw(draw, nonce):
    to, amount = address(draw), micro_usd(draw)
    ours = requests.withdraw(to, micro_usd=amount, nonce=nonce)
    return Twin(ours, "withdraw_from_bridge", (number(amount, 6), to))


def spot_send(draw, nonce):
    to, atoms, token = address(draw), draw.randrange(10**4, 10**12), "PURR:0xc1fb593aeffbeb"
    ours = requests.spot_send(to, token=token, atoms=atoms, decimals=5, nonce=nonce)
    return Twin(ours, "spot_transfer", (number(atoms, 5), to, token))


def usd_class_transfer(draw, nonce):
    amount, to_perp = micro_usd(draw), draw.random() < 0.5
    of = draw.choice([None, address(draw)])
    ours = requests.usd_class_transfer(
        micro_usd=amount, to_perp=to_perp, sub_account=of, nonce=nonce
    )
    return Twin(ours, "usd_class_transfer", (number(amount, 6), to_perp), vault=of)


def send_asset(draw, nonce):
    to, atoms, of = address(draw), micro_usd(draw), draw.choice([None, address(draw)])
    transfer = requests.Transfer(to, "", "abc", "USDC", atoms, 6, of or "")
    ours = requests.send_asset(transfer, nonce=nonce)
    return Twin(ours, "send_asset", (to, "", "abc", "USDC", number(atoms, 6)), vault=of)


def approve_agent(draw, nonce):
    key, name = draw.randbytes(32).hex(), draw.choice([None, "desk"])
    until = None if name is None else draw.choice([None, nonce + 86_400_000])
    agent = Key(key, name="key").address
    ours = requests.approve_agent(agent, name=name, valid_until_ms=until, nonce=nonce)
    told = ours.message["agentName"] or None
    return Twin(ours, "approve_agent", (told,), token=key)


def approve_builder_fee(draw, nonce):
    builder, rate = address(draw), draw.randrange(1, 1_000)
    ours = requests.approve_builder_fee(builder, tenth_bps_max=rate, nonce=nonce)
    return Twin(ours, "approve_builder_fee", (builder, ours.message["maxFeeRate"]))


def user_set_abstraction(draw, nonce):
    user, mode = address(draw), draw.choice([*requests.Abstraction])
    ours = requests.user_set_abstraction(user, mode, nonce=nonce)
    return Twin(ours, "user_set_abstraction", (user, str(mode)))


def user_dex_abstraction(draw, nonce):
    user, enabled = address(draw), draw.random() < 0.5
    ours = requests.user_dex_abstraction(user, enabled=enabled, nonce=nonce)
    return Twin(ours, "user_dex_abstraction", (user, enabled))


def token_delegate(draw, nonce):
    validator, wei, back = address(draw), draw.randrange(1, 2**63), draw.random() < 0.5
    ours = requests.token_delegate(validator, wei=wei, is_undelegate=back, nonce=nonce)
    return Twin(ours, "token_delegate", (validator, wei, back))


def convert_to_multi_sig(draw, nonce):
    owners = [address(draw) for _ in range(draw.randrange(1, 5))]
    ours = requests.convert_to_multi_sig(owners, threshold=len(owners), nonce=nonce)
    return Twin(ours, "convert_to_multi_sig_user", (owners, len(owners)))


def stake(draw, nonce):
    wei = draw.randrange(1, 2**63)
    made = draw.choice([requests.stake_deposit, requests.stake_withdraw])
    return Twin(made(wei=wei, nonce=nonce), "user_signed")


def client_types(kind):
    """Return a message's fields as the client is told them."""
    return [{"name": n, "type": t} for n, t in ((CHAIN_FIELD, "string"), *kind.fields)]


MASTER_KINDS = (
    *(usd_send, withdraw, spot_send, usd_class_transfer, send_asset, approve_agent),
    *(approve_builder_fee, user_set_abstraction, user_dex_abstraction, token_delegate),
    *(convert_to_multi_sig, stake),
)
