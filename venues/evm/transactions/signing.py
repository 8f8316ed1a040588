"""Making the transactions of a child: simulated and priced on what a node says now. Sends nothing.

Nothing is signed that was not simulated. A replacement at a higher price makes the call that was
simulated when it was first signed: on the pending state it would only meet itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from router.domain.error import NotSentError
from router.domain.order import ChildOrder, Replacement, SignedChild
from venues.evm.nodes.chain import LATEST, PENDING, Chain, Transaction
from venues.evm.nodes.endpoints import Endpoints
from venues.evm.pools.family import NATIVE_COIN
from venues.evm.routers.calldata import Execution
from venues.evm.spec import ChainConfig, DataFee
from venues.evm.transactions import fees, outcome, rehearsal, simulate
from venues.evm.transactions.fees import FeeMarket
from venues.evm.transactions.outcome import Decode
from venues.evm.transactions.simulate import Simulated
from venues.evm.transactions.transaction import Body, GasTerms, sign_body
from venues.evm.words.key import SigningKey
from venues.evm.words.node import parse_data, parse_header, parse_quantity
from venues.transport.json_rpc import Answer, Call, Json, JsonRpcError

_NO_BODIES = False
_CANCELS_TO_COME = 1  # that every price leaves room for


@dataclass(frozen=True, slots=True)
class _Prospect:
    """What a transaction would do now, and what it would cost."""

    simulated: Simulated
    market: FeeMarket
    balance_wei: int
    data_fee_wei: int


class Signer:
    """Signs with one key, for one chain."""

    def __init__(self, config: ChainConfig, endpoints: Endpoints, key: SigningKey) -> None:
        self._config = config
        self._endpoints = endpoints
        self._key = key

    async def first(
        self,
        child: ChildOrder,
        execution: Execution,
        *,
        spend_max: Mapping[str, int] | None,
        decode: Decode | None,
    ) -> SignedChild:
        """Sign a child's own transaction.

        Raises
        ------
        NotSentError
            If it would revert, take more than it may, trade something else, or cannot be paid for.
        FeeCapError, TransportError, JsonRpcError, MalformedDataError
            If there is no price for it, or the node did not answer as it should.
        """
        config = self._config
        call = Transaction(config.address, execution.to, execution.data, execution.value_wei)
        prospect = await self._endpoints.ask(lambda chain: self._prospect(chain, call))
        limits = None
        if spend_max is not None:
            limits = {NATIVE_COIN: execution.value_wei, **spend_max}
        self._check(child, prospect.simulated, limits=limits, decode=decode)
        gas = fees.first_terms(
            prospect.market,
            limit=fees.gas_limit(prospect.simulated.gas_estimate),
            replacements_to_come=config.replacements_max + _CANCELS_TO_COME,
        )
        needed_wei = gas.cost_max_wei + execution.value_wei + prospect.data_fee_wei
        if prospect.balance_wei < needed_wei:
            raise NotSentError(
                config.venue, f"gas needs up to {needed_wei} wei, there is {prospect.balance_wei}"
            )
        return self._signed(child, call, gas)

    # A node that cannot simulate tells nothing of this: the estimate stands by itself then.
    def _check(
        self,
        child: ChildOrder,
        simulated: Simulated,
        *,
        limits: Mapping[str, int] | None,
        decode: Decode | None,
    ) -> None:
        problem, logs = None, simulated.logs
        if logs is not None and limits is not None:
            problem = simulate.excess(logs, limits, account=self._config.address)
        if logs is not None and decode is not None and problem is None:
            problem = rehearsal.difference(child, logs, decode)
        if problem is not None:
            raise NotSentError(self._config.venue, problem)

    async def bump(self, child: ChildOrder, attempts: Sequence[SignedChild]) -> SignedChild:
        """Sign the newest attempt again at a higher price; errors as of `first`."""
        last = outcome.body_of(attempts[-1]) if attempts else None
        if last is None or last.is_cancel(self._config.address):
            raise NotSentError(self._config.venue, "there is nothing to repeat at a higher price")
        market = await self._endpoints.ask(lambda chain: self._market(chain, child))
        bumps_count = outcome.attempts_of(attempts).bumps_count + 1
        bumps_to_come = max(self._config.replacements_max - bumps_count, 0)
        gas = fees.bumped_terms(
            last.gas,
            market,
            limit=last.gas.gas_limit,
            replacements_to_come=bumps_to_come + _CANCELS_TO_COME,
        )
        call = Transaction(self._config.address, last.to, last.data, last.value_wei)
        return self._signed(child, call, gas, replacement=Replacement.BUMP)

    async def cancel(self, child: ChildOrder, attempts: Sequence[SignedChild]) -> SignedChild:
        """Sign a transfer of nothing to ourselves, which uses up the nonce; errors as of `first`.

        Without attempts, it fills the gap that a nonce of which nothing was sent would leave.
        """
        call = Transaction(self._config.address, self._config.address, b"")
        market, estimate = await self._endpoints.ask(
            lambda chain: self._cancel_terms(chain, child, call)
        )
        limit = fees.gas_limit(estimate)
        to_come = _CANCELS_TO_COME
        if attempts:
            last = outcome.body_of(attempts[-1]).gas
            gas = fees.bumped_terms(last, market, limit=limit, replacements_to_come=to_come)
        else:
            gas = fees.first_terms(market, limit=limit, replacements_to_come=to_come)
        return self._signed(child, call, gas, replacement=Replacement.CANCEL)

    def _signed(
        self,
        child: ChildOrder,
        call: Transaction,
        gas: GasTerms,
        *,
        replacement: Replacement | None = None,
    ) -> SignedChild:
        body = Body(
            chain_id=self._config.chain_id,
            nonce=child.nonce,
            to=call.to.lower(),
            value_wei=call.value_wei,
            data=call.data,
            gas=gas,
        )
        signed = sign_body(self._key, body)
        return SignedChild(child.id, signed.hash, child.nonce, signed.raw, replacement)

    async def _prospect(self, chain: Chain, call: Transaction) -> _Prospect:
        balance: Call = ("eth_getBalance", (self._config.address, PENDING))
        asked = (*simulate.calls(call), *_market_calls(), balance, *self._data_fee_calls(call.data))
        estimate, simulation, block, tip, coin, *posting = await chain.answers(*asked)
        simulated = simulate.read((estimate, simulation))
        if isinstance(simulated, str):
            raise NotSentError(self._config.venue, simulated)
        data_fee = sum(fees.read_data_fee(parse_data(_result(each))) for each in posting)
        market = _market(block, tip, fee_cap_wei=self._config.fee_cap_wei)
        return _Prospect(simulated, market, parse_quantity(_result(coin)), data_fee)

    async def _market(self, chain: Chain, child: ChildOrder) -> FeeMarket:
        block, tip, count = await chain.answers(*_market_calls(), self._count_call())
        self._check_unused(child, count)
        return _market(block, tip, fee_cap_wei=self._config.fee_cap_wei)

    async def _cancel_terms(
        self, chain: Chain, child: ChildOrder, call: Transaction
    ) -> tuple[FeeMarket, int]:
        estimate: Call = ("eth_estimateGas", (call.fields(), LATEST))
        block, tip, count, gas = await chain.answers(*_market_calls(), self._count_call(), estimate)
        self._check_unused(child, count)
        market = _market(block, tip, fee_cap_wei=self._config.fee_cap_wei)
        return market, parse_quantity(_result(gas))

    def _count_call(self) -> Call:
        return ("eth_getTransactionCount", (self._config.address, LATEST))

    def _check_unused(self, child: ChildOrder, count: Answer) -> None:
        if parse_quantity(_result(count)) > child.nonce:
            raise NotSentError(
                self._config.venue, f"nonce {child.nonce} is used: there is nothing to replace"
            )

    def _data_fee_calls(self, data: bytes) -> tuple[Call, ...]:
        if self._config.data_fee is not DataFee.OP_STACK:
            return ()
        read = fees.data_fee_call(data)
        return (
            (
                "eth_call",
                (Transaction(self._config.address, read.target, read.data).fields(), LATEST),
            ),
        )


def _market_calls() -> tuple[Call, Call]:
    return ("eth_getBlockByNumber", (LATEST, _NO_BODIES)), ("eth_maxPriorityFeePerGas", ())


# Not every node recommends a priority fee; the least that is offered will do then.
def _market(block: Answer, tip: Answer, *, fee_cap_wei: int) -> FeeMarket:
    priority_fee_wei = 0 if isinstance(tip, JsonRpcError) else parse_quantity(tip)
    return FeeMarket(parse_header(_result(block)).base_fee_wei, priority_fee_wei, fee_cap_wei)


def _result(answer: Answer) -> Json:
    if isinstance(answer, JsonRpcError):
        raise answer
    return answer
