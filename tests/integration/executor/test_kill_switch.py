"""A gate that closes while the executor works: nothing that trades leaves any more."""

import pytest

from router.domain.error import NotSentError
from router.domain.order import OrderStatus, Replacement
from tests.integration.executor.test_lifecycle import run


class Gate:
    """Opened and closed by the test."""

    def __init__(self):
        self.is_open = True

    def may_send(self, _child):
        return self.is_open

    def is_stopped(self, _venue, _account):
        return not self.is_open


def known(desk, signed):
    return desk.rpc.request("eth_getTransactionByHash", signed.reference) is not None


def test_what_was_signed_before_is_not_sent_after(chain):
    async def scenario(desk):
        gate, child = Gate(), desk.child(1)
        desk.executor.obey(gate)
        signed = await desk.sign(child)
        gate.is_open = False
        with pytest.raises(NotSentError, match="kill switch"):
            await desk.executor.submit(child, signed)
        assert not known(desk, signed)
        gate.is_open = True
        await desk.executor.submit(child, signed)
        assert known(desk, signed)

    run(chain, scenario)


def test_what_a_node_dropped_is_not_sent_again_and_a_cancel_takes_its_nonce(chain):
    async def scenario(desk):
        gate, child = Gate(), desk.child(1)
        desk.executor.obey(gate)
        signed = await desk.sent(child)
        gate.is_open = False
        desk.drop(signed)
        waiting = await desk.resolve(child, signed)
        assert waiting.status not in {OrderStatus.FILLED, OrderStatus.CANCELED}
        assert not known(desk, signed)
        cancel = await desk.replaced(child, [signed], Replacement.CANCEL)
        desk.mine()
        end = await desk.resolve(child, signed, cancel)
        assert (end.status, end.fills) == (OrderStatus.CANCELED, ())
        assert (desk.paid(1), desk.nonce()) == (0, child.nonce + 1)

    run(chain, scenario)


def test_a_pending_payment_is_cancelled_at_its_nonce(chain):
    async def scenario(desk):
        gate, child = Gate(), desk.child(1)
        desk.executor.obey(gate)
        signed = await desk.sent(child)
        gate.is_open = False
        cancel = await desk.replaced(child, [signed], Replacement.CANCEL)
        desk.mine()
        end = await desk.resolve(child, signed, cancel)
        assert (end.status, desk.paid(1)) == (OrderStatus.CANCELED, 0)

    run(chain, scenario)


def test_a_higher_price_is_not_sent(chain):
    async def scenario(desk):
        gate, child = Gate(), desk.child(1)
        desk.executor.obey(gate)
        signed = await desk.sent(child)
        bump = await desk.executor.replace(child, (signed,), Replacement.BUMP)
        gate.is_open = False
        with pytest.raises(NotSentError, match="kill switch"):
            await desk.executor.submit(child, bump)
        assert not known(desk, bump)

    run(chain, scenario)
