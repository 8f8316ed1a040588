"""The router's commands, and V4's actions, against eth-abi."""

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from venues.evm.routers import universal_router as router
from venues.evm.routers import v4_actions
from venues.evm.routers.universal_router import Terms
from venues.evm.routers.v4_actions import PoolKey, SingleSwap
from venues.evm.spec import RouterVersion
from venues.evm.words.permit2 import PermitSingle

V2_0, V2_1_1 = RouterVersion.V2_0, RouterVersion.V2_1_1
addresses = st.binary(min_size=20, max_size=20).map(lambda data: f"0x{data.hex()}")
numbers = st.integers(0, 2**256 - 1)
halves = st.integers(0, 2**128 - 1)
fees = st.integers(0, 2**24 - 1)
versions = st.sampled_from(RouterVersion)
terms = st.builds(
    Terms,
    is_exact_in=st.booleans(),
    exact_atoms=numbers,
    bound_atoms=numbers,
    recipient=st.sampled_from((router.SENDER, router.ROUTER)),
    payer_is_user=st.booleans(),
)
KEY_TYPE = "(address,address,uint24,int24,address)"
PERMIT_TYPE = "((address,uint160,uint48,uint48),address,uint256)"


def swap_arguments(terms, path_type, path, version):
    types = ["address", "uint256", "uint256", path_type, "bool"]
    values = [terms.recipient, terms.exact_atoms, terms.bound_atoms, path, terms.payer_is_user]
    if version is V2_1_1:
        types, values = [*types, "uint256[]"], [*values, []]
    return encode(types, values)


def raw(address):
    return bytes.fromhex(address[2:])


@settings(max_examples=50)
@given(terms, versions, st.data())
def test_a_v3_swap_over_any_number_of_pools(terms, version, data):
    hops = data.draw(st.lists(st.tuples(fees, addresses), min_size=1, max_size=4))
    first = data.draw(addresses)
    tokens, between = [first, *(token for _, token in hops)], [fee for fee, _ in hops]

    command = router.v3_swap(terms, tokens=tokens, fees_pips=between, version=version)

    walked, charged = tokens, between
    if not terms.is_exact_in:
        walked, charged = tokens[::-1], between[::-1]
    path = raw(walked[0]) + b"".join(
        fee.to_bytes(3, "big") + raw(token) for fee, token in zip(charged, walked[1:], strict=True)
    )
    assert command.code == (0x00 if terms.is_exact_in else 0x01)
    assert command.argument == swap_arguments(terms, "bytes", path, version)


@settings(max_examples=50)
@given(terms, versions, st.lists(addresses, min_size=2, max_size=5))
def test_a_v2_swap_over_any_number_of_pairs(terms, version, tokens):
    command = router.v2_swap(terms, tokens=tokens, version=version)

    assert command.code == (0x08 if terms.is_exact_in else 0x09)
    assert command.argument == swap_arguments(terms, "address[]", tokens, version)


@settings(max_examples=50)
@given(addresses, addresses, fees, st.integers(1, 32_767), addresses, st.data())
def test_a_v4_swap_with_payment_and_receipt(first, second, fee, spacing, hooks, data):
    is_exact_in, zero_for_one = data.draw(st.booleans()), data.draw(st.booleans())
    exact, bound, version = data.draw(halves), data.draw(halves), data.draw(versions)
    amount, from_user = data.draw(numbers), data.draw(st.booleans())
    single = SingleSwap(
        key=PoolKey(first, second, fee, spacing, hooks),
        zero_for_one=zero_for_one,
        is_exact_in=is_exact_in,
        exact_atoms=exact,
        bound_atoms=bound,
    )

    command = router.v4_swap(
        [
            v4_actions.swap(single, version=version),
            v4_actions.settle(first, amount=amount, payer_is_user=from_user),
            v4_actions.take(second, recipient=router.ROUTER, amount=amount),
        ]
    )

    price_type, price = (",uint256", [0]) if version is V2_1_1 else ("", [])
    swap_type = f"({KEY_TYPE},bool,uint128,uint128{price_type},bytes)"
    key = (first, second, fee, spacing, hooks)
    params = [
        encode([swap_type], [(key, zero_for_one, exact, bound, *price, b"")]),
        encode(["address", "uint256", "bool"], [first, amount, from_user]),
        encode(["address", "address", "uint256"], [second, router.ROUTER, amount]),
    ]
    codes = bytes((0x06 if is_exact_in else 0x08, 0x0B, 0x0E))
    assert command.code == 0x10
    assert command.argument == encode(["bytes", "bytes[]"], [codes, params])


@settings(max_examples=30)
@given(addresses, addresses, numbers)
def test_payments(token, recipient, amount):
    three = encode(["address", "address", "uint256"], [token, recipient, amount])
    to_sender = encode(["address", "address", "uint256"], [token, router.SENDER, amount])
    two = encode(["address", "uint256"], [recipient, amount])
    made = {
        0x02: (router.transfer_from(token, recipient=recipient, amount=amount), three),
        0x04: (router.sweep(token, amount_min=amount), to_sender),
        0x05: (router.transfer(token, recipient=recipient, amount=amount), three),
        0x0B: (router.wrap(recipient=recipient, amount=amount), two),
        0x0C: (router.unwrap(recipient=recipient, amount_min=amount), two),
    }

    for code, (command, argument) in made.items():
        assert (command.code, command.argument) == (code, argument)


@settings(max_examples=30)
@given(addresses, st.binary(min_size=65, max_size=65), st.integers(0, 2**48 - 1))
def test_a_permit_and_sub_plans_in_one_execution(token, signature, time):
    permit = router.permit(PermitSingle(token, 3, time, 5, router.ROUTER, 6), signature)
    sweep = router.sweep(token, amount_min=9)

    data = router.execute(
        [
            permit,
            router.sub_plan([sweep, sweep], may_revert=True),
            router.sub_plan([sweep], may_revert=False),
        ],
        deadline_s=77,
    )

    permit_input = encode(
        [PERMIT_TYPE, "bytes"], [((token, 3, time, 5), router.ROUTER, 6), signature]
    )
    plan = ["bytes", "bytes[]"]
    optional = encode(plan, [b"\x04\x04", [sweep.argument] * 2])
    needed = encode(plan, [b"\x04", [sweep.argument]])
    inputs = [permit_input, optional, needed]
    # The permit and the optional plan carry the flag that lets them revert alone.
    assert data[:4] == keccak(text="execute(bytes,bytes[],uint256)")[:4]
    assert data[4:] == encode([*plan, "uint256"], [b"\x8a\xa1\x21", inputs, 77])


@pytest.mark.parametrize("version", RouterVersion)
def test_the_two_layouts_of_a_v4_swap_differ_by_one_word(version):
    key = PoolKey(router.SENDER, router.ROUTER, 1, 1, router.SENDER)
    single = SingleSwap(key=key, zero_for_one=True, is_exact_in=True, exact_atoms=1, bound_atoms=1)

    argument = v4_actions.swap(single, version=version).argument

    # What the contracts demand at least: the struct's place, its words, and the empty hook data.
    assert len(argument) == (0x160 if version is V2_0 else 0x180)
