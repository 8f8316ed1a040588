"""Permits, transactions and router calldata against eth-account and eth-abi."""

import secrets

import pytest
from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from venues.evm import permit2, universal_router
from venues.evm.key import SigningKey, keccak256
from venues.evm.permit2 import PermitSingle
from venues.evm.transaction import GAS_LIMIT_MAX, GasTerms, gas_terms, sign_transaction

KEY = SigningKey("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
ROUTER = "0x66a9893cc07d91d95644aedd05d03f95e1dba8af"
SENDER = "0x0000000000000000000000000000000000000001"

addresses = st.binary(min_size=20, max_size=20).map(lambda data: f"0x{data.hex()}")
amounts = st.integers(0, 2**160 - 1)
times = st.integers(0, 2**48 - 1)
fees = st.sampled_from((100, 500, 3000, 10_000))

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


@settings(max_examples=30)
@given(addresses, addresses, st.lists(st.tuples(st.booleans(), fees, amounts, amounts), min_size=1))
def test_calldata_is_what_eth_abi_encodes(token_in, token_out, swaps):
    single = PermitSingle(token_in, 3, 4, 5, ROUTER, 6)
    signature = bytes(range(65))
    commands = [universal_router.permit(single, signature)]
    permit_types = ["((address,uint160,uint48,uint48),address,uint256)", "bytes"]
    wanted = [encode(permit_types, [((token_in, 3, 4, 5), ROUTER, 6), signature])]
    for is_exact_in, fee_pips, exact, bound in swaps:
        route = {"token_in": token_in, "token_out": token_out, "fee_pips": fee_pips}
        first, last = (token_in, token_out) if is_exact_in else (token_out, token_in)
        if is_exact_in:
            command = universal_router.swap_exact_in(**route, amount_in=exact, amount_out_min=bound)
        else:
            command = universal_router.swap_exact_out(
                **route, amount_out=exact, amount_in_max=bound
            )
        commands.append(command)
        path = bytes.fromhex(first[2:]) + fee_pips.to_bytes(3, "big") + bytes.fromhex(last[2:])
        swap_types = ["address", "uint256", "uint256", "bytes", "bool", "uint256[]"]
        wanted.append(encode(swap_types, [SENDER, exact, bound, path, True, []]))
    commands.append(universal_router.sweep(token=token_out, amount_min=9))
    wanted.append(encode(["address", "address", "uint256"], [token_out, SENDER, 9]))

    data = universal_router.execute(commands, deadline_s=77)

    codes = bytes([0x0A, *(0x00 if is_exact_in else 0x01 for is_exact_in, *_ in swaps), 0x04])
    assert data[:4] == keccak256(b"execute(bytes,bytes[],uint256)")[:4]
    assert data[4:] == encode(["bytes", "bytes[]", "uint256"], [codes, wanted, 77])


def test_a_transaction_recovers_to_its_sender_and_has_the_hash_of_its_bytes():
    gas = GasTerms(gas_limit=21_000, fee_max_wei=10**10, priority_fee_max_wei=10**9)

    signed = sign_transaction(
        KEY, chain_id=31337, nonce=7, to=bytes.fromhex(ROUTER[2:]), data=b"\x01\x02", gas=gas
    )

    assert Account.recover_transaction(signed.raw).lower() == KEY.address
    assert signed.hash == f"0x{keccak256(bytes.fromhex(signed.raw[2:])).hex()}"
    assert signed.raw.startswith("0x02")


def test_fees_have_headroom_within_the_cap():
    free = gas_terms(
        gas_estimate=200_000, base_fee_wei=10**9, priority_fee_wei=10**8, fee_cap_wei=10**12
    )
    capped = gas_terms(
        gas_estimate=GAS_LIMIT_MAX, base_fee_wei=10**9, priority_fee_wei=10**8, fee_cap_wei=10**7
    )

    assert free == GasTerms(250_000, 2 * 10**9 + 10**8, 10**8)
    assert free.cost_max_wei == 250_000 * (2 * 10**9 + 10**8)
    assert capped == GasTerms(GAS_LIMIT_MAX, 10**7, 10**7)
