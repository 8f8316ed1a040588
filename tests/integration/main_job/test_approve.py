"""Allowances given through the command line, on the real token and Permit2."""

import asyncio

import pytest

from router.domain.units import NS_PER_S, DurationNs
from venues.transport.contract import Approval, approve
from venues.transport.error import TransportError

WITHIN = DurationNs(10 * NS_PER_S)


@pytest.fixture
def approval(chain, chain_snapshot):  # noqa: ARG001 - what is approved is taken back
    manifest = chain.manifest
    return Approval(
        ws_url=manifest.ws_url,
        chain_id=manifest.chain_id,
        token=manifest.token("USDC").address.lower(),
        spender=manifest.contracts["permit2"].lower(),
        amount_atoms=123_456_789,
        signing_key=manifest.account("trader").private_key,
    )


def allowance(chain):
    owner = int(chain.manifest.account("trader").address, 16).to_bytes(32)
    spender = int(chain.manifest.contracts["permit2"], 16).to_bytes(32)
    selector = bytes.fromhex("dd62ed3e")  # allowance(address,address)
    (found,) = chain.client.call(chain.manifest.token("USDC").address, selector + owner + spender)
    return found


def test_an_allowance_becomes_exactly_what_was_asked_and_goes_through_zero(chain, approval):
    before = allowance(chain)

    transactions = asyncio.run(approve(approval, within=WITHIN))

    assert before > 0
    assert len(transactions) == 2
    assert allowance(chain) == approval.amount_atoms


def test_an_allowance_that_is_right_already_sends_nothing(approval):
    asyncio.run(approve(approval, within=WITHIN))

    assert asyncio.run(approve(approval, within=WITHIN)) == ()


def test_a_node_of_another_chain_is_refused_before_anything_is_sent(chain, approval):
    before = allowance(chain)
    stranger = Approval(
        ws_url=approval.ws_url,
        chain_id=1,
        token=approval.token,
        spender=approval.spender,
        amount_atoms=1,
        signing_key=approval.signing_key,
    )

    with pytest.raises(TransportError, match="chain 31337, not 1"):
        asyncio.run(approve(stranger, within=WITHIN))

    assert allowance(chain) == before
