"""Uniswap V3 as a `router.port.Venue`: the session and the translations, joined to a node.

One connection for questions, remade when it breaks, and one for the stream. Refuses to retry a
transaction with other bytes: one child has one nonce and one signed transaction.
"""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, suppress

from router.domain.account import AccountSnapshot
from router.domain.error import (
    ConfigError,
    InDoubtError,
    MalformedDataError,
    MarketDataError,
    NotSentError,
    OrderError,
    RejectedError,
    SequenceGapError,
    VenueError,
)
from router.domain.market import PoolSnapshot, StreamLost
from router.domain.order import TERMINAL, ChildOrder, SignedChild
from router.domain.units import NS_PER_S, AccountId, VenueId
from router.port import Clock, Emit, Resolution
from venues.evm import abi, permit2, revert
from venues.evm.adapter import PENDING, Chain, Sighting, Tip, Transaction, at, revert_data
from venues.evm.multicall import ContractCall, decode_results
from venues.evm.node import Header, parse_data, parse_header, parse_log, parse_quantity
from venues.evm.refusal import Refusal
from venues.evm.transaction import gas_terms, load_signer, sign_transaction
from venues.transport.backoff import Backoff
from venues.transport.error import NotDeliveredError, TransportError
from venues.transport.json_rpc import JsonRpc, JsonRpcError, Subscription
from venues.uniswap_v3 import calldata, identity, outcome, translate, wire
from venues.uniswap_v3.calldata import SwapPlan
from venues.uniswap_v3.session import Session
from venues.uniswap_v3.snapshot import SnapshotReading
from venues.uniswap_v3.spec import (
    RECEIPT_POLL,
    RECONNECT_FIRST,
    RECONNECT_LONGEST,
    UniswapV3Config,
)


class UniswapV3:
    """The pools of one chain, and the account that trades there; satisfies `router.port.Venue`.

    Raises
    ------
    ConfigError
        If a field of the configuration contradicts another.
    """

    def __init__(self, config: UniswapV3Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._key = identity.signing_key(config)
        self._contracts = identity.contracts(config)
        self._pools = {pool.symbol.lower(): pool for pool in config.pools}
        self._reading = SnapshotReading((), {})  # of all pools once start has read their spacings
        self._chain: Chain | None = None
        self._connecting = asyncio.Lock()
        self._next_head = asyncio.Event()

    @property
    def id(self) -> VenueId:
        """Name of the venue."""
        return self._config.venue

    @property
    def account(self) -> AccountId:
        """The account that pays and receives."""
        return self._config.account

    async def start(self) -> None:
        """Check that the node is of the right chain and every contract is what it is said to be.

        Raises
        ------
        ConfigError
            If the node cannot be reached or anything differs; names the field.
        """
        load_signer()
        try:
            chain = await self._connected()
            await self._check_chain(chain)
            await self._check_contracts(chain)
        except (TransportError, JsonRpcError, MalformedDataError) as error:
            await self.close()
            raise ConfigError(
                f"ws_url: {self._config.ws_url} does not serve this venue: {error}"
            ) from error
        except ConfigError:
            await self.close()
            raise

    async def stream(self, emit: Emit) -> None:
        """Emit a snapshot of every pool, then what each block changes, until cancelled.

        After anything unexpected it says StreamLost, connects again and takes new snapshots.
        """
        backoff = Backoff(self._clock, first=RECONNECT_FIRST, longest=RECONNECT_LONGEST)
        while True:
            try:
                async with aclosing(await self._connect()) as chain:
                    await self._follow(chain, emit, backoff)
            except (TransportError, JsonRpcError, MarketDataError) as error:
                emit(StreamLost(self.id, str(error), self._clock.now()))
            await backoff.pause()

    async def read_account(self) -> AccountSnapshot:
        """Return balances, what Permit2 may take of them, and the next nonce, all of one block.

        Raises
        ------
        NotSentError
            If the node did not answer; asking has no effect.
        """
        owner, tokens = self._config.address, self._config.tokens
        with self._failing_as(NotSentError):
            chain = await self._connected()
            header = (await chain.tip()).header
            block = at(header.hash)
            calls = [wire.balance_call(token.address, owner) for token in tokens.values()]
            calls += [self._erc20_allowance(token.address) for token in tokens.values()]
            reads, native, count = await chain.batch(
                chain.read_call(calls, block=block),
                ("eth_getBalance", (owner, block)),
                ("eth_getTransactionCount", (owner, block)),
            )
            answers = decode_results(parse_data(reads), count=len(calls))
            atoms = [abi.read_uint(answer, 0) for answer in answers]
            pairs = zip(atoms[: len(tokens)], atoms[len(tokens) :], strict=True)
            return translate.account_snapshot(
                self.account,
                tokens=dict(zip(tokens, pairs, strict=True)),
                native_wei=parse_quantity(native),
                next_nonce=parse_quantity(count),
                block=header.ref,
                received_at=self._clock.now(),
            )

    async def sign(self, child: ChildOrder) -> SignedChild:
        """Simulate the child's transaction on top of what is pending, and sign it.

        Raises
        ------
        NotSentError
            If it would revert, or lacks balance or allowance: the reason says which.
        """
        with self._failing_as(NotSentError):
            plan = calldata.plan_swaps(child, self._config.tokens)
            chain = await self._connected()
            tip = await chain.tip()
            permit_nonce, native_wei = await self._check_funds(chain, plan)
            data = calldata.execution(
                plan, key=self._key, permit_nonce=permit_nonce, config=self._config
            )
            return await self._sign(chain, child, data=data, tip=tip, native_wei=native_wei)

    async def submit(self, child: ChildOrder, signed: SignedChild) -> None:
        """Send the signed transaction; returns once the node has it in its pool or in a block.

        Raises
        ------
        NotSentError
            If there is no connection, or another transaction has used the nonce.
        RejectedError
            If the node refused it for good.
        InDoubtError
            If the answer did not come, or does not say whether the node has it.
        """
        try:
            chain = await self._connected()
            offer = await chain.offer(signed.payload, transaction_hash=signed.reference)
        except NotDeliveredError as error:
            raise NotSentError(self.id, str(error)) from error
        except (TransportError, MalformedDataError) as error:
            raise InDoubtError(self.id, str(error)) from error
        match offer.refusal:
            case Refusal.KNOWN:
                return
            case Refusal.REFUSED:
                raise RejectedError(self.id, offer.reason)
            case Refusal.UNCLEAR:
                raise InDoubtError(self.id, offer.reason)
            case Refusal.NONCE_USED:
                await self._check_own_nonce(chain, child, signed)

    async def resolve(self, child: ChildOrder, signed: SignedChild) -> Resolution:
        """Wait for the transaction to be mined, sending the same bytes again at every head.

        Raises
        ------
        InDoubtError
            If the node could not be asked.
        """
        latest: Resolution | None = None
        problem = "the node did not answer in time"
        try:
            async with asyncio.timeout(self._config.receipt_timeout / NS_PER_S):
                while latest is None or latest.status not in TERMINAL:
                    next_head = self._next_head
                    try:
                        latest = await self._look(child, signed)
                    except (TransportError, JsonRpcError) as error:
                        problem = str(error)
                        await self._clock.sleep(RECONNECT_FIRST)
                    else:
                        if latest.status not in TERMINAL:
                            await _wait(next_head)
        except TimeoutError:
            if latest is None:
                raise InDoubtError(self.id, problem) from None
        except MalformedDataError as error:
            raise InDoubtError(self.id, str(error)) from error
        return latest

    async def close(self) -> None:
        """Close the connection for questions; idempotent. The stream ends by cancelling it."""
        if self._chain is not None:
            await self._chain.aclose()

    async def _connect(self) -> Chain:
        within = self._config.request_timeout
        rpc = await JsonRpc.connect(self._config.ws_url, within=within, heartbeat=within)
        return Chain(rpc, multicall=self._config.multicall, within=within)

    async def _connected(self) -> Chain:
        async with self._connecting:
            if self._chain is None or not self._chain.is_open:
                await self.close()
                self._chain = await self._connect()
            return self._chain

    async def _check_chain(self, chain: Chain) -> None:
        identity.check_chain_id(await chain.chain_id(), self._config)
        present = await chain.has_code(tuple(self._contracts.values()))
        identity.check_present(dict(zip(self._contracts.items(), present, strict=True)))

    async def _check_contracts(self, chain: Chain) -> None:
        block = at((await chain.tip()).header.hash)
        spacings = {}
        for pool in self._config.pools:
            answers = await chain.read(wire.identity_calls(pool.symbol), block=block)
            found = wire.read_identity(answers)
            identity.check_pool(pool, found, self._config)
            spacings[pool.symbol] = found.tick_spacing
        self._reading = SnapshotReading(self._config.pools, spacings)
        tokens = self._config.tokens
        calls = [wire.decimals_call(token.address) for token in tokens.values()]
        for asset, answer in zip(tokens, await chain.read(calls, block=block), strict=True):
            identity.check_decimals(asset, tokens[asset], abi.read_uint(answer, 0))

    # Subscribed before the snapshot is taken, so that no block falls between the two. Taken after
    # the parent of the newest block: for the newest, nodes may show the state of the next one
    # while they make it (anvil does), and its logs would then count twice.
    async def _follow(self, chain: Chain, emit: Emit, backoff: Backoff) -> None:
        heads, logs = await chain.subscribe(self._pools)
        header = (await chain.tip()).header
        start = await chain.header(header.parent_hash)
        if start is None:
            raise SequenceGapError(f"the node does not have the parent of block {header.number}")
        for snapshot in await self._snapshots(chain, start):
            emit(snapshot)
        session = Session(self.id, self._pools, start.ref)
        while True:
            if session.accept_head(header.ref):
                await self._complete(chain, session, header, emit=emit)
                backoff.succeeded()
            header = await self._next_header(heads, logs, session)

    async def _complete(
        self, chain: Chain, session: Session, header: Header, *, emit: Emit
    ) -> None:
        logs, fee_wei = await chain.block_logs(header.hash, addresses=self._pools)
        now = self._clock.now()
        for event in session.complete_block(
            header, logs, priority_fee_wei=fee_wei, received_at=now
        ):
            emit(event)

    async def _next_header(
        self, heads: Subscription, logs: Subscription, session: Session
    ) -> Header:
        header = parse_header(await heads.take(within=self._config.silence_max))
        announced, self._next_head = self._next_head, asyncio.Event()
        announced.set()
        for log in logs.waiting():
            session.note_log(parse_log(log))
        return header

    async def _snapshots(self, chain: Chain, header: Header) -> list[PoolSnapshot]:
        first = await chain.read(self._reading.first_calls(), block=at(header.hash))
        second = await chain.read(self._reading.second_calls(first), block=at(header.hash))
        now = self._clock.now()
        return self._reading.snapshots(first, second, block=header.ref, received_at=now)

    # On top of what is pending, because an earlier child may have used a permit and not be mined.
    async def _check_funds(self, chain: Chain, plan: SwapPlan) -> tuple[int, int]:
        config, owner = self._config, self._config.address
        reading = permit2.allowance_call(
            owner=owner, token=plan.token_in, spender=config.universal_router
        )
        calls = [
            wire.balance_call(plan.token_in, owner),
            self._erc20_allowance(plan.token_in),
            ContractCall(config.permit2, reading),
        ]
        reads, native = await chain.batch(
            chain.read_call(calls, block=PENDING), ("eth_getBalance", (owner, PENDING))
        )
        balance, allowance, permitted = decode_results(parse_data(reads), count=len(calls))
        for name, found in (("balance of", balance), ("allowance to Permit2 for", allowance)):
            atoms = abi.read_uint(found, 0)
            if atoms < plan.input_max_atoms:
                raise NotSentError(
                    self.id,
                    f"{name} {plan.asset_in} must be {plan.input_max_atoms} atoms, was {atoms}",
                )
        return permit2.decode_allowance(permitted).nonce, parse_quantity(native)

    async def _sign(
        self, chain: Chain, child: ChildOrder, *, data: bytes, tip: Tip, native_wei: int
    ) -> SignedChild:
        estimate = await self._simulate(chain, data)
        gas = gas_terms(
            gas_estimate=estimate,
            base_fee_wei=tip.header.base_fee_wei,
            priority_fee_wei=tip.priority_fee_wei,
            fee_cap_wei=self._config.fee_cap_wei,
        )
        base_fee_wei, needed_wei = tip.header.base_fee_wei, gas.cost_max_wei
        if gas.fee_max_wei < base_fee_wei:
            raise NotSentError(self.id, f"fee_cap_wei is below the base fee, {base_fee_wei} wei")
        if native_wei < needed_wei:
            raise NotSentError(self.id, f"gas needs up to {needed_wei} wei, there is {native_wei}")
        signed = sign_transaction(
            self._key,
            chain_id=self._config.chain_id,
            nonce=child.nonce,
            to=abi.address_bytes(self._config.universal_router),
            data=data,
            gas=gas,
        )
        return SignedChild(child.id, signed.hash, child.nonce, signed.raw)

    async def _simulate(self, chain: Chain, data: bytes) -> int:
        transaction = Transaction(self._config.address, self._config.universal_router, data)
        try:
            return await chain.estimate_gas(transaction)
        except JsonRpcError as error:
            reason = revert_data(error)
            if reason is None:
                raise
            raise NotSentError(self.id, f"would revert: {revert.explain(reason)}") from error

    async def _look(self, child: ChildOrder, signed: SignedChild) -> Resolution:
        chain = await self._connected()
        seen = await self._seen(chain, child, signed)
        router, recipient = self._config.universal_router, self._config.address
        ended = outcome.ended(child, seen, router=router, recipient=recipient)
        if ended is not None:
            return ended
        return outcome.unmined(await chain.offer(signed.payload, transaction_hash=signed.reference))

    async def _check_own_nonce(self, chain: Chain, child: ChildOrder, signed: SignedChild) -> None:
        with self._failing_as(InDoubtError):
            seen = await self._seen(chain, child, signed)
        if seen.is_nonce_lost:
            raise NotSentError(self.id, outcome.nonce_lost(child))

    async def _seen(self, chain: Chain, child: ChildOrder, signed: SignedChild) -> Sighting:
        sender = self._config.address
        return await chain.look_for(signed.reference, sender=sender, nonce=child.nonce)

    def _erc20_allowance(self, token: str) -> ContractCall:
        config = self._config
        return wire.allowance_call(token, owner=config.address, spender=config.permit2)

    @contextmanager
    def _failing_as(self, kind: type[VenueError]) -> Iterator[None]:
        try:
            yield
        except (TransportError, JsonRpcError, MalformedDataError, OrderError) as error:
            raise kind(self.id, str(error)) from error


# A head wakes it where a stream runs; a poll does where none does.
async def _wait(next_head: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(RECEIPT_POLL / NS_PER_S):
            await next_head.wait()
