"""A chain account as a `router.port.Venue`: all pool families of one chain, and one key.

Joins the stream, the calldata and the executor. Decides nothing and remembers nothing that a
restart would lose: what was signed is in the journal of whoever asked for it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from router.domain.account import AccountSnapshot
from router.domain.error import (
    ConfigError,
    MalformedDataError,
    NotSentError,
    OrderError,
    RejectedError,
    VenueError,
)
from router.domain.order import ChildOrder, Fill, Replacement, SignedChild
from router.domain.units import AccountId, TimestampNs, VenueId
from router.port import Clock, Emit, Gate, Resolution
from venues.evm import account_reading
from venues.evm.account_transfers import TransferReader
from venues.evm.identity import (
    check_factories,
    check_present,
    contracts,
    factory_calls,
    signing_key,
)
from venues.evm.nodes.chain import LATEST, PENDING, Chain
from venues.evm.nodes.endpoints import Endpoints
from venues.evm.pools.family import Family
from venues.evm.routers import calldata
from venues.evm.routers.fills import fills
from venues.evm.spec import ChainConfig
from venues.evm.state.stream import ChainStream
from venues.evm.transactions.executor import Executor
from venues.evm.transactions.transaction import load_signer
from venues.evm.words.key import SigningKey
from venues.evm.words.node import Receipt
from venues.transport.error import TransportError
from venues.transport.json_rpc import JsonRpcError


class ChainVenue:
    """The pools of one chain, and the account that trades there; satisfies `router.port.Venue`.

    Raises
    ------
    ConfigError
        If a field of the configuration contradicts another.
    """

    def __init__(self, config: ChainConfig, families: Mapping[str, Family], clock: Clock) -> None:
        self._config = config
        self._families = families
        self._clock = clock
        self._key = signing_key(config) if config.signing_key else None
        self._contracts = contracts(config)
        self._pools = {pool.instrument.id: pool for pool in config.pools}
        self._endpoints = Endpoints(config, clock)
        self._stream = ChainStream(config, families, self._endpoints, clock)
        self._transfers = TransferReader(config)
        key = self._key
        self._executor = None if key is None else Executor(config, self._endpoints, clock, key)

    @property
    def id(self) -> VenueId:
        """The chain's name."""
        return self._config.venue

    @property
    def account(self) -> AccountId:
        """The account that pays and receives."""
        return self._config.account

    def obey(self, gate: Gate) -> None:
        """Ask `gate` right before a transaction of a child is sent, and before it is sent again."""
        if self._executor is not None:
            self._executor.obey(gate)

    async def start(self) -> None:
        """Check that a node is of the right chain and that its contracts are those that are meant.

        What a pool is said to be is checked by the stream, pool by pool: one that is wrong is not
        used, and keeps nobody from using the others.

        Raises
        ------
        ConfigError
            If no node can be reached or anything differs; names the field.
        """
        if self._key is not None:
            load_signer()
        try:
            addresses = tuple(self._contracts.values())
            present = await self._endpoints.ask(lambda chain: chain.has_code(addresses))
            check_present(dict(zip(self._contracts.items(), present, strict=True)))
            calls = factory_calls(self._config)
            factories = await self._endpoints.ask(lambda chain: chain.read(calls, block=LATEST))
            check_factories(self._config, factories)
        except (TransportError, JsonRpcError, MalformedDataError) as error:
            await self.close()
            raise ConfigError(f"ws_urls: none of them serves this chain: {error}") from error
        except ConfigError:
            await self.close()
            raise

    async def stream(self, emit: Emit) -> None:
        """Emit a snapshot of every pool, then what each block changes, until cancelled."""
        await self._stream.run(emit)

    async def read_account(self) -> AccountSnapshot:
        """Return balances, what routers may take of them, and the next nonce, all of one block.

        Transfers are those up to that block, the desk's own among them.

        Raises
        ------
        NotSentError
            If the node did not answer; asking has no effect.
        """
        with self._failing_as(NotSentError):
            return await self._endpoints.ask(self._read_account)

    async def _read_account(self, chain: Chain) -> AccountSnapshot:
        account = await account_reading.read(chain, self._config, self._clock)
        assert account.block is not None, "a chain account is read at a block"
        transfers = await self._transfers.read(chain, account.block)
        return replace(account, transfers=transfers)

    async def sign(self, child: ChildOrder) -> SignedChild:
        """Simulate the child's transaction on top of what is pending, and sign it.

        Raises
        ------
        NotSentError
            If it would revert, lacks balance or allowance, or would trade something else than the
            child's legs in their pools: the reason says which.
        """
        key, executor = self._trading
        with self._failing_as(NotSentError):
            plan = calldata.plan_execution(child, self._config)
            calls = calldata.funding_calls(plan, self._config)
            # On top of what is pending: an earlier child may have used a permit and not be mined.
            answers = await self._endpoints.ask(lambda chain: chain.read(calls, block=PENDING))
            permit_nonce = calldata.check_funding(plan, answers, self._config)
            execution = calldata.encode(
                plan, key=key, permit_nonce=permit_nonce, config=self._config
            )
            return await executor.sign(
                child,
                execution,
                spend_max={plan.token_in: plan.input_max_atoms},
                decode=partial(self._fills, child),
            )

    async def submit(self, child: ChildOrder, signed: SignedChild) -> None:
        """Send the signed transaction; returns once a node has it in its pool or in a block.

        Raises
        ------
        NotSentError
            If there is no connection, or another transaction has used the nonce.
        RejectedError
            If the node refused it for good.
        InDoubtError
            If the answer did not come, or does not say whether the node has it.
        """
        await self._trading[1].submit(child, signed)

    async def resolve(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> Resolution:
        """Follow the child's transactions until one is final, or there is other news of them.

        Raises
        ------
        InDoubtError
            If the node could not be asked.
        """
        return await self._trading[1].resolve(
            child,
            attempts,
            decode=partial(self._fills, child),
            next_head=self._stream.next_head,
        )

    async def replace(
        self, child: ChildOrder, attempts: tuple[SignedChild, ...], replacement: Replacement
    ) -> SignedChild:
        """Sign another transaction of the child's nonce at a higher price; sends nothing.

        Raises
        ------
        NotSentError
            If no price within the cap would do it, or the node did not answer.
        """
        with self._failing_as(NotSentError):
            return await self._trading[1].replace(child, attempts, replacement)

    async def cancel(self, child: ChildOrder, _attempts: tuple[SignedChild, ...]) -> None:
        """Refuse: nothing of this venue waits at a book."""
        raise RejectedError(self.id, f"{child.id}: nothing waits at a book")

    async def close(self) -> None:
        """Close the connections for questions; idempotent. The stream ends by cancelling it."""
        if self._executor is not None:
            await self._executor.close()
        await self._endpoints.close()

    @property
    def _trading(self) -> tuple[SigningKey, Executor]:
        if self._key is None or self._executor is None:
            raise NotSentError(self.id, "there is no key here: it only watches")
        return self._key, self._executor

    def _fills(self, child: ChildOrder, receipt: Receipt, at: TimestampNs) -> tuple[Fill, ...]:
        return fills(
            child,
            receipt,
            pools=self._pools,
            families=self._families,
            config=self._config,
            at_venue=at,
        )

    @contextmanager
    def _failing_as(self, error_type: type[VenueError]) -> Iterator[None]:
        try:
            yield
        except (TransportError, JsonRpcError, MalformedDataError, OrderError, ConfigError) as error:
            raise error_type(self.id, str(error)) from error
