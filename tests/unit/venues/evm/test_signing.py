"""Keys and permits against eth-account and eth-abi."""

import secrets

import pytest
from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from venues.evm.words import permit2
from venues.evm.words.key import SigningKey, keccak256
from venues.evm.words.permit2 import PermitSingle

KEY = SigningKey("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
ROUTER = "0x66a9893cc07d91d95644aedd05d03f95e1dba8af"

addresses = st.binary(min_size=20, max_size=20).map(lambda data: f"0x{data.hex()}")
amounts = st.integers(0, 2**160 - 1)
times = st.integers(0, 2**48 - 1)

TYPES = {
    "PermitSingle": [
        {"name": "details", "type": "PermitDetails"},
        {"name": "spender", "type": "address"},
        {"name": "sigDeadline", "type": "uint256"},
    ],
    "PermitDetails": [
        {"name": "token", "type": "address"},
        {"name": "amount", "type": "uint160"},
        {"name": "expiration", "type": "uint48"},
        {"name": "nonce", "type": "uint48"},
    ],
}


def test_the_address_is_the_one_eth_account_derives():
    for _ in range(20):
        secret = secrets.token_bytes(32)
        assert SigningKey(secret.hex()).address == Account.from_key(secret).address.lower()


@pytest.mark.parametrize("text", ["", "0x", "12" * 31, "zz" * 32, "00" * 32, "ff" * 32])
def test_what_is_no_key_is_refused_without_repeating_it(text):
    with pytest.raises(ValueError, match="must be 32 bytes in hex") as caught:
        SigningKey(text)

    assert not text or text not in str(caught.value)


@settings(max_examples=30)
@given(addresses, amounts, times, times, st.integers(1, 2**53))
def test_a_permit_recovers_to_the_signer_as_eip_712_has_it(token, amount, time, nonce, chain_id):
    single = PermitSingle(token, amount, time, nonce, ROUTER, time)

    signature = permit2.sign_permit(KEY, single, chain_id=chain_id, permit2=PERMIT2)

    message = encode_typed_data(
        domain_data={"name": "Permit2", "chainId": chain_id, "verifyingContract": PERMIT2},
        message_types=TYPES,
        message_data={
            "details": {"token": token, "amount": amount, "expiration": time, "nonce": nonce},
            "spender": ROUTER,
            "sigDeadline": time,
        },
    )
    assert Account.recover_message(message, signature=signature).lower() == KEY.address


def test_an_allowance_is_asked_for_and_read():
    owner, token = "0x" + "11" * 20, "0x" + "22" * 20

    data = permit2.allowance_call(owner=owner, token=token, spender=ROUTER)
    answer = encode(["uint160", "uint48", "uint48"], [5, 6, 7])

    assert data[:4] == keccak256(b"allowance(address,address,address)")[:4]
    assert data[4:] == encode(["address"] * 3, [owner, token, ROUTER])
    assert permit2.decode_allowance(answer) == permit2.Allowance(5, 6, 7)
