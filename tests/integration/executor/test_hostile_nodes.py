"""Nodes and relays that refuse, lie, lag, swallow or break: none of that is a rejection.

The node of this folder accepts every replacement, so the rule of others (both prices must rise by
so many percent) is enforced by a scripted node in front of it.
"""

import asyncio
from contextlib import AsyncExitStack

import pytest

from router.domain.error import InDoubtError, NotSentError, RejectedError
from router.domain.order import OrderStatus, Replacement, TransactionState
from tests.integration.executor.node import PASS, Node, RpcFault
from tests.integration.executor.scene import GWEI, S, body_of, desk_on, stranger_signs
from venues.evm.spec import DataFee
from venues.evm.transactions.fees import GAS_PRICE_ORACLE
from venues.evm.transactions.transaction import SignedTransaction, read_body
from venues.evm.words.key import keccak256

UNREACHABLE = "http://127.0.0.1:1/"


def run(chain, scenario, *, nodes=1, relays=0, **changes):
    """Give a desk behind so many scripted nodes, and relays if any."""

    async def main():
        async with asyncio.timeout(60), AsyncExitStack() as stack:
            made = [
                await stack.enter_async_context(Node(chain.manifest.http_url))
                for _ in range(nodes + relays)
            ]
            fields = {
                "ws_urls": tuple(node.ws_url for node in made[:nodes]),
                "relay_urls": tuple(node.http_url for node in made[nodes:]),
            }
            desk = await stack.enter_async_context(desk_on(chain, **(fields | changes)))
            return await scenario(desk, *made)

    return asyncio.run(main())


def transaction(raw):
    digest = f"0x{keccak256(bytes.fromhex(raw[2:])).hex()}"
    return digest, read_body(SignedTransaction(raw, digest))


class PriceRule:
    """Both prices of a replacement must be so many percent above those of what is in the pool."""

    def __init__(self, percent):
        self._percent = percent
        self._pool = {}
        self.refused_count = 0

    def __call__(self, raw):
        digest, body = transaction(raw)
        known = self._pool.get(body.nonce)
        if known is not None and known[0] != digest:
            pairs = zip(known[1], self._prices(body), strict=True)
            if any(100 * new < (100 + self._percent) * old for old, new in pairs):
                self.refused_count += 1
                raise RpcFault("replacement transaction underpriced")
        self._pool[body.nonce] = digest, self._prices(body)
        return PASS

    @staticmethod
    def _prices(body):
        return body.gas.fee_max_wei, body.gas.priority_fee_max_wei


@pytest.mark.parametrize("kind", [Replacement.BUMP, Replacement.CANCEL])
def test_a_node_with_the_price_rule_takes_our_replacements(chain, kind):
    async def scenario(desk, node):
        rule = node.rules["eth_sendRawTransaction"] = PriceRule(10)
        child = desk.child(1)
        attempts = [await desk.sent(child)]
        for _ in range(3):
            attempts.append(await desk.replaced(child, attempts, kind))
        assert rule.refused_count == 0
        end, _, _ = await desk.finished(child, attempts)
        return end.status

    statuses = {Replacement.BUMP: OrderStatus.FILLED, Replacement.CANCEL: OrderStatus.CANCELED}
    assert run(chain, scenario) is statuses[kind]


def test_a_node_that_wants_a_higher_raise_gets_it_step_by_step(chain):
    async def scenario(desk, node):
        rule = node.rules["eth_sendRawTransaction"] = PriceRule(40)
        child = desk.child(1)
        first = await desk.sent(child)
        desk.mine_at(100 * GWEI, 4)  # before it is stuck, the next block asks for far more
        bump = await desk.executor.replace(child, (first,), Replacement.BUMP)
        prices = body_of(bump).gas
        assert prices.fee_max_wei > 40 * body_of(first).gas.fee_max_wei
        with pytest.raises(InDoubtError, match="underpriced"):
            await desk.executor.submit(child, bump)  # its tip rose by 13 % only
        end, attempts, _ = await desk.finished(
            child, [first, bump], at_each=lambda: desk.mine_at(100 * GWEI)
        )
        assert (end.status, desk.paid(1)) == (OrderStatus.FILLED, 1)
        assert rule.refused_count >= 2
        tips = [body_of(each).gas.priority_fee_max_wei for each in (first, attempts[-1])]
        assert 100 * tips[1] >= 140 * tips[0]

    run(chain, scenario, replacements_max=5)


def test_a_lost_answer_is_in_doubt_and_the_payment_happens_once(chain):
    async def scenario(desk, node):
        def lose(_raw):
            node.is_muted = True
            return PASS

        child = desk.child(1)
        signed = await desk.sign(child)
        node.rules["eth_sendRawTransaction"] = lose
        with pytest.raises(InDoubtError):
            await desk.executor.submit(child, signed)
        node.is_muted = False
        end, _, _ = await desk.finished(child, [signed])
        assert (end.status, desk.paid(1)) == (OrderStatus.FILLED, 1)
        assert len(node.calls("eth_sendRawTransaction")) == 1

    run(chain, scenario, request_timeout=S // 2)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("insufficient funds for gas * price + value", RejectedError),
        ("intrinsic gas too low", RejectedError),
        ("txpool is full", InDoubtError),
        ("header not found", InDoubtError),
        ("max fee per gas less than block base fee", InDoubtError),
        ("replacement transaction underpriced", InDoubtError),
        ("something unheard of", InDoubtError),
    ],
)
def test_only_what_will_never_be_taken_is_rejected(chain, message, error):
    async def scenario(desk, node):
        def refuse(_raw):
            raise RpcFault(message)

        child = desk.child(1)
        signed = await desk.sign(child)
        node.rules["eth_sendRawTransaction"] = refuse
        with pytest.raises(error, match=message.split()[0]):
            await desk.executor.submit(child, signed)
        node.rules.clear()
        if error is InDoubtError:
            end, _, _ = await desk.finished(child, [signed])
            assert end.status is OrderStatus.FILLED

    run(chain, scenario)


def test_a_node_that_misses_its_state_is_passed_over_for_the_next(chain):
    async def scenario(desk, first, second):
        def missing(*_):
            raise RpcFault("header not found")

        await desk.endpoints.connected()
        first.rules["eth_estimateGas"] = missing
        child = desk.child(1)
        signed = await desk.sent(child)
        assert second.calls("eth_estimateGas")
        desk.mine()
        assert (await desk.resolve(child, signed)).status is OrderStatus.FILLED

    run(chain, scenario, nodes=2)


def test_a_payment_is_given_to_every_healthy_node(chain):
    async def scenario(desk, *nodes):
        await desk.sent(desk.child(1))
        assert [len(node.calls("eth_sendRawTransaction")) for node in nodes] == [1, 1]

    run(chain, scenario, nodes=2)


def test_a_refusal_of_one_node_does_not_outweigh_the_acceptance_of_another(chain):
    async def scenario(desk, first, _second):
        def refuse(_raw):
            raise RpcFault("insufficient funds for gas * price + value")

        first.rules["eth_sendRawTransaction"] = refuse
        child = desk.child(1)
        signed = await desk.sent(child)
        end, _, _ = await desk.finished(child, [signed])
        assert end.status is OrderStatus.FILLED

    run(chain, scenario, nodes=2)


def test_a_relay_shows_a_payment_to_nobody_until_it_is_mined(chain):
    async def scenario(desk, node, relay):
        kept = []
        relay.rules["eth_sendRawTransaction"] = lambda raw: kept.append(raw) or transaction(raw)[0]
        child = desk.child(1)
        signed = await desk.sent(child)
        news = await desk.resolve(child, signed)
        assert (news.status, news.progress) == (OrderStatus.NEW, TransactionState.PENDING)
        assert not node.calls("eth_sendRawTransaction")
        await relay.call("eth_sendRawTransaction", kept[0])  # its builder gets the next block
        desk.mine()
        assert (await desk.resolve(child, signed)).status is OrderStatus.FILLED

    run(chain, scenario, relays=1)


def test_a_relay_that_swallows_is_given_up_in_public_and_leaves_no_gap(chain):
    async def scenario(desk, node, relay):
        relay.rules["eth_sendRawTransaction"] = lambda raw: transaction(raw)[0]
        child, nonce = desk.child(1), desk.nonce()
        first = await desk.sent(child)
        end, attempts, story = await desk.finished(child, [first])
        bump, cancel = Replacement.BUMP, Replacement.CANCEL
        assert [each.replacement for each in attempts] == [None, bump, bump, cancel]
        assert (end.status, desk.paid(1), desk.nonce()) == (OrderStatus.CANCELED, 0, nonce + 1)
        public = {transaction(raw)[0] for (raw,) in node.calls("eth_sendRawTransaction")}
        private = {transaction(raw)[0] for (raw,) in relay.calls("eth_sendRawTransaction")}
        assert public == {attempts[-1].reference}
        assert private == {each.reference for each in attempts}
        told = {each.progress for each in story}
        assert TransactionState.DROPPED not in told

    run(chain, scenario, relays=1, receipt_timeout=S // 5)


def test_a_relay_that_comes_late_still_has_one_effect(chain):
    async def scenario(desk, _node, relay):
        kept = []
        relay.rules["eth_sendRawTransaction"] = lambda raw: kept.append(raw) or transaction(raw)[0]
        child = desk.child(1)
        first = await desk.sent(child)
        bump = await desk.replaced(child, [first], Replacement.BUMP)
        await relay.call("eth_sendRawTransaction", kept[0])
        desk.mine()
        end = await desk.resolve(child, first, bump)
        assert (end.status, desk.paid(1)) == (OrderStatus.FILLED, 1)
        assert end.fills[0].id.startswith(first.reference)

    run(chain, scenario, relays=1, receipt_timeout=S // 5)


@pytest.mark.parametrize("answer", ["insufficient funds", "bundle rejected", "rate limit"])
def test_no_answer_of_a_relay_is_a_rejection(chain, answer):
    async def scenario(desk, _node, relay):
        def refuse(_raw):
            raise RpcFault(answer)

        relay.rules["eth_sendRawTransaction"] = refuse
        child = desk.child(1)
        signed = await desk.sign(child)
        with pytest.raises(InDoubtError, match=answer):
            await desk.executor.submit(child, signed)
        end, attempts, _ = await desk.finished(child, [signed])
        assert end.status is OrderStatus.CANCELED
        assert attempts[-1].replacement is Replacement.CANCEL

    run(chain, scenario, relays=1, receipt_timeout=S // 5)


def test_a_relay_that_cannot_be_reached_has_not_got_it(chain):
    async def scenario(desk, _node):
        child = desk.child(1)
        signed = await desk.sign(child)
        with pytest.raises(NotSentError, match=r"127\.0\.0\.1:1: /:"):
            await desk.executor.submit(child, signed)

    run(chain, scenario, relay_urls=(UNREACHABLE,))


def test_one_relay_of_two_is_enough(chain):
    async def scenario(desk, _node):
        child = desk.child(1)
        signed = await desk.sent(child)
        end, _, _ = await desk.finished(child, [signed])
        assert end.status is OrderStatus.FILLED

    run(chain, scenario, relay_urls=(UNREACHABLE, chain.manifest.http_url))


def test_a_stranger_with_a_better_price_in_the_pool_is_outbid(chain):
    async def scenario(desk, node):
        node.rules["eth_sendRawTransaction"] = PriceRule(10)
        child = desk.child(1)
        signed = await desk.sign(child)
        thief = stranger_signs(desk, child.nonce, price_gwei=5)
        await desk.endpoints.ask(lambda one: one.offer(thief.raw, transaction_hash=thief.hash))
        with pytest.raises(InDoubtError, match="underpriced"):
            await desk.executor.submit(child, signed)
        attempts = [signed]
        for _ in range(20):
            resolution = await desk.resolve(child, *attempts)
            if resolution.wanted is None:
                break
            attempts.append(await desk.executor.replace(child, tuple(attempts), resolution.wanted))
        desk.mine()
        end, _, _ = await desk.finished(child, attempts)
        assert (end.status, desk.paid(1)) == (OrderStatus.FILLED, 1)
        assert {each.replacement for each in attempts[1:]} == {Replacement.BUMP}

    run(chain, scenario, replacements_max=10)


def test_what_a_rollup_charges_for_posting_counts_before_and_after(chain):
    async def scenario(desk, node):
        fee_wei = 10**24  # more than the account has
        node.rules["eth_call"] = lambda fields, _: (
            f"0x{fee_wei:064x}" if fields["to"] == GAS_PRICE_ORACLE else PASS
        )

        async def with_data_fee(name):
            receipt = await node.call("eth_getTransactionReceipt", name)
            return receipt and {**receipt, "l1Fee": hex(12_345)}

        node.rules["eth_getTransactionReceipt"] = with_data_fee
        child = desk.child(1)
        with pytest.raises(NotSentError, match=f"gas needs up to {fee_wei // 10**18}"):
            await desk.sign(child)
        fee_wei = 12_345
        before = chain.client.balance_of("ETH", desk.trader)
        signed = await desk.sent(child)
        desk.mine()
        end = await desk.resolve(child, signed)
        paid = before - chain.client.balance_of("ETH", desk.trader)
        assert end.gas.atoms == paid + 12_345

    run(chain, scenario, data_fee=DataFee.OP_STACK)
