"""The venue as the router knows it: sessions and requests moved over the network.

Satisfies `router.port.Venue`. Everything that can be decided without the network is decided in
`session`, `identity`, `rules`, `reply` and `outcome`; here are the waits and the deadlines. Refuses
to retry what is in doubt, except that `resolve` sends the very same signed bytes again while the
venue's nonce makes a second effect impossible and the order's deadline has not passed.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from router.domain.account import AccountSnapshot
from router.domain.error import (
    ConfigError,
    InDoubtError,
    MalformedDataError,
    NotSentError,
    RejectedError,
    VenueError,
)
from router.domain.market import StreamLost
from router.domain.order import TERMINAL, ChildOrder, Replacement, SignedChild
from router.domain.units import NS_PER_S, AccountId, DurationNs, InstrumentId, VenueId
from router.port import Clock, Emit, Resolution
from venues.hyperliquid import identity, outcome, rules, translate, wire
from venues.hyperliquid.reply import is_unsupported, no_answer, read_action, read_info, readable
from venues.hyperliquid.session import OrderTouched, Session, SessionEvent
from venues.hyperliquid.signing import AgentSigner
from venues.hyperliquid.spec import FUNDING_WINDOW, VENUE, HyperliquidConfig
from venues.transport.backoff import Backoff
from venues.transport.error import TransportError, UnansweredError
from venues.transport.http import HttpClient, HttpReply
from venues.transport.websocket import WebSocket

T = TypeVar("T")

_TICK: Final = DurationNs(NS_PER_S // 10)  # how finely a stream measures silence


class Hyperliquid:
    """One account's access to the venue; `start` first."""

    def __init__(self, config: HyperliquidConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._signer = AgentSigner(config.agent_key, is_mainnet=config.is_mainnet)
        self._http: HttpClient | None = None
        self._assets: Mapping[InstrumentId, int] = {}
        # What replies said of orders that are not resolved yet, and who waits for news of which.
        self._accepted: dict[str, wire.Accepted] = {}
        self._waiting: dict[str, asyncio.Event] = {}

    @property
    def id(self) -> VenueId:
        """Name of the venue."""
        return VENUE

    @property
    def account(self) -> AccountId:
        """The account whose margin is used."""
        return self._config.account

    # Starting and ending.

    async def start(self) -> None:
        """Check identity, and set leverage where the configuration allows it.

        Raises
        ------
        ConfigError
            If the venue is not the one the configuration names, or cannot be reached.
        """
        self._http = HttpClient(self._config.base_url)
        try:
            self._assets = identity.assets(
                await self._ask(wire.read_meta, type="meta"), self._config
            )
            await self._check_account()
            await self._check_leverage()
        except (VenueError, MalformedDataError) as error:
            await self.close()
            raise ConfigError(f"url {self._config.base_url}: {error}") from error
        except ConfigError:
            await self.close()
            raise

    async def close(self) -> None:
        """Release connections; idempotent."""
        if self._http is not None:
            await self._http.close()

    async def _check_account(self) -> None:
        config, agent = self._config, self._signer.address
        ask = self._ask
        role = await ask(wire.read_fields, type="userRole", user=config.address)
        identity.check_account(wire.text(role, "role"), config)
        identity.check_agent(
            await ask(wire.read_fields, type="userRole", user=agent), config, agent=agent
        )
        agents = await ask(wire.read_list, type="extraAgents", user=config.address)
        identity.check_expiry(agents, agent=agent, now_ms=self._now_ms())
        fees = await ask(wire.read_fields, type="userFees", user=config.address)
        identity.check_fee(wire.text(fees, "userCrossRate"), config)
        abstraction = await self._ask_optional(type="userAbstraction", user=config.address)
        identity.check_abstraction(str(abstraction))

    async def _check_leverage(self) -> None:
        for instrument in self._config.instruments:
            wanted = self._config.leverage_of(instrument.id)
            told = await self._ask_optional(
                type="activeAssetData", user=self._config.address, coin=instrument.symbol
            )
            current = None if told is None else wire.read_leverage(wire.read_fields(told))
            if current == (wanted, True):
                continue
            if not self._config.set_leverage:
                raise ConfigError(
                    f"leverage of {instrument.id} must be {wanted} cross, but the account has "
                    f"{current or 'an unknown one'}: set set_leverage, or set it at the venue"
                )
            await self._set_leverage(instrument.id, wanted)

    async def _set_leverage(self, instrument: InstrumentId, leverage: int) -> None:
        action = translate.leverage_action(self._assets[instrument], leverage)
        nonce = self._now_ms()
        payload = self._signed(action, nonce=nonce, expires_after_ms=None)
        error = await self._act(payload, wire.read_done)
        if error is not None:
            raise ConfigError(f"leverage of {instrument}: the venue refuses: {error.text}")
        while self._now_ms() <= nonce:  # the nonce is used up; orders take theirs from the time
            await self._clock.sleep(DurationNs(translate.NS_PER_MS))

    # Market data.

    async def stream(self, emit: Emit) -> None:
        """Emit snapshots, reconnecting after every loss until cancelled."""
        timing = self._config.timing
        backoff = Backoff(
            self._clock, first=timing.reconnect_first, longest=timing.reconnect_longest
        )
        while True:
            try:
                socket = await WebSocket.connect(self._config.ws_url, within=timing.request_timeout)
            except TransportError as error:
                emit(StreamLost(VENUE, str(error), self._clock.now()))
            else:
                try:
                    emit(await self._follow(socket, emit, backoff))
                finally:
                    await socket.close()
            self._wake(None)  # news may have been missed
            await backoff.pause()

    async def _follow(self, socket: WebSocket, emit: Emit, backoff: Backoff) -> StreamLost:
        session = Session(self._config, opened_at=self._clock.now())
        try:
            await self._send(socket, session.opening_frames())
            while session.lost is None:
                raw = await _receive(socket)
                if raw is not None:
                    self._tell(session.receive(raw, now=self._clock.now()), emit)
                if session.is_complete:
                    backoff.succeeded()
                if session.lost is None:
                    frames, events = session.tick(self._clock.now())
                    self._tell(events, emit)
                    await self._send(socket, frames)
        except TransportError as error:
            return StreamLost(VENUE, str(error), self._clock.now())
        assert session.lost is not None, "the loop ends with the session"
        return session.lost

    async def _send(self, socket: WebSocket, frames: tuple[bytes, ...]) -> None:
        for frame in frames:
            await socket.send(frame, within=self._config.timing.request_timeout)

    def _tell(self, events: tuple[SessionEvent, ...], emit: Emit) -> None:
        for event in events:
            if isinstance(event, OrderTouched):
                self._wake(event.cloid)
            elif not isinstance(event, StreamLost):  # which `stream` emits once, for every cause
                emit(event)

    def _wake(self, cloid: str | None) -> None:
        for reference, event in self._waiting.items():
            if cloid in {None, reference}:
                event.set()

    # The account.

    async def read_account(self) -> AccountSnapshot:
        """Return cash, positions and margin now.

        Raises
        ------
        VenueError
            If the venue did not answer in time, or not in a way that can be read.
        """
        told = await self._ask(
            wire.read_account, type="clearinghouseState", user=self._config.address
        )
        fundings = await self._ask(
            wire.read_fundings,
            type="userFunding",
            user=self._config.address,
            startTime=told.time_ms - FUNDING_WINDOW // translate.NS_PER_MS,
        )
        with readable():
            return translate.account(
                told,
                self._config,
                fundings=fundings,
                leverage=dict(self._config.leverage),
                received_at=self._clock.now(),
            )

    # Orders.

    async def sign(self, child: ChildOrder) -> SignedChild:
        """Make the request for a child: an immediate-or-cancel order at the leg's limit.

        Raises
        ------
        NotSentError
            If the child breaks a rule of the venue.
        """
        action = rules.order_action(child, self._assets, now=self._clock.now())
        payload = self._signed(
            action,
            nonce=child.nonce,
            expires_after_ms=child.deadline_at // translate.NS_PER_MS,
        )
        return SignedChild(child.id, translate.cloid(child.id), child.nonce, payload.decode())

    async def submit(self, child: ChildOrder, signed: SignedChild) -> None:
        """Send the request and return once the venue has taken the order.

        Raises
        ------
        NotSentError
            If the request cannot have arrived.
        RejectedError
            If the venue said no; an order that found nobody to match with is among them.
        InDoubtError
            If the outcome is unknown.
        """
        answer = await self._act(signed.payload.encode(), wire.read_answer)
        match answer:
            case wire.Accepted():
                self._accepted[signed.reference] = answer
            case wire.OrderError(text):
                raise RejectedError(VENUE, f"{child.id}: {text}")
            case wire.RequestError(text):
                # A refusal of this copy says nothing about one that arrived before it.
                if not outcome.is_duplicate(answer) and await self._never_arrived(signed):
                    raise RejectedError(VENUE, f"{child.id}: {text}")

    async def _never_arrived(self, signed: SignedChild) -> bool:
        try:
            return await self._order(signed) is None
        except VenueError as error:
            raise InDoubtError(VENUE, f"refused, and cannot tell why: {error}") from error

    async def resolve(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> Resolution:
        """Ask what became of a child; send the same bytes again if the venue never got them.

        Raises
        ------
        VenueError
            If the venue could not be asked; the outcome stays unknown.
        """
        timing, (signed,) = self._config.timing, attempts  # there is nothing to replace here
        give_up_at = self._clock.now() + timing.resolve_wait
        touched = self._waiting.setdefault(signed.reference, asyncio.Event())
        may_send = True
        try:
            while True:
                touched.clear()
                found = await self._look(child, signed)
                if found is None:
                    found, may_send = await self._missing(child, signed, may_send=may_send)
                if found.status in TERMINAL:
                    self._accepted.pop(signed.reference, None)
                    return found
                if self._clock.now() >= give_up_at:
                    return found
                await _first(touched, timing.resolve_poll)
        finally:
            self._waiting.pop(signed.reference, None)

    async def replace(
        self, child: ChildOrder, _attempts: tuple[SignedChild, ...], _replacement: Replacement
    ) -> SignedChild:
        """Refuse: an order here holds up no other, and ends by its own deadline."""
        raise NotSentError(VENUE, f"{child.id}: there is nothing to replace at a book")

    # What the venue knows of an order, or None where it does not know it.
    async def _look(self, child: ChildOrder, signed: SignedChild) -> Resolution | None:
        order = await self._order(signed)
        if order is None:
            return None
        instrument = rules.only_leg(child).instrument
        accepted = self._accepted.get(signed.reference)
        with readable():
            expected = translate.lots_filled(order, accepted, instrument)
        executions: tuple[wire.Execution, ...] = ()
        if expected:
            executions = await self._ask(
                wire.read_executions, type="userFills", user=self._config.address
            )
        with readable():
            fills = outcome.read_fills(executions, order, child)
            return outcome.resolution(order, fills, child, expected_lots=expected)

    # The venue does not know the order (yet): send it again where that is harmless and of use.
    async def _missing(
        self, child: ChildOrder, signed: SignedChild, *, may_send: bool
    ) -> tuple[Resolution, bool]:
        if signed.reference in self._accepted:
            return outcome.unknown("accepted, but not shown yet"), may_send
        late = self._clock.now() - child.deadline_at
        if late > self._config.timing.expiry_margin:
            return outcome.expired(), may_send
        if late >= 0 or not may_send:
            return outcome.unknown("the venue does not know the order"), may_send
        try:
            answer = await self._act(signed.payload.encode(), wire.read_answer)
        except VenueError as error:
            return outcome.unknown(f"sent again: {error}"), True
        if isinstance(answer, wire.Accepted):
            self._accepted[signed.reference] = answer
        return outcome.sent_again(answer), False

    async def _order(self, signed: SignedChild) -> wire.Order | None:
        return await self._ask(
            wire.read_order_status,
            type="orderStatus",
            user=self._config.address,
            oid=signed.reference,
        )

    def _now_ms(self) -> int:
        return self._clock.now() // translate.NS_PER_MS

    async def _ask(self, read: Callable[[object], T], **request: str | int) -> T:
        return read_info(await self._info(request), read, kind=str(request["type"]))

    # None where this deployment does not answer such questions.
    async def _ask_optional(self, **request: str | int) -> object | None:
        reply = await self._info(request)
        if is_unsupported(reply):
            return None
        return read_info(reply, lambda value: value, kind=str(request["type"]))

    async def _info(self, request: Mapping[str, str | int]) -> HttpReply:
        try:
            return await self._post("/info", wire.encode(request))
        except TransportError as error:
            raise VenueError(VENUE, f"{request['type']}: {error}") from error

    async def _act(self, payload: bytes, read: Callable[[object], T]) -> T:
        try:
            reply = await self._post("/exchange", payload)
        except TransportError as error:
            raise no_answer(error) from error
        return read_action(reply, read)

    async def _post(self, path: str, body: bytes) -> HttpReply:
        assert self._http is not None, "start comes before every request"
        return await self._http.post_json(path, body, within=self._config.timing.request_timeout)

    def _signed(
        self, action: Mapping[str, object], *, nonce: int, expires_after_ms: int | None
    ) -> bytes:
        signature = self._signer.sign(action, nonce=nonce, expires_after_ms=expires_after_ms)
        return wire.envelope(
            action, signature.as_wire(), nonce=nonce, expires_after_ms=expires_after_ms
        )


async def _receive(socket: WebSocket) -> bytes | None:
    try:
        return await socket.receive(within=_TICK)
    except UnansweredError:
        if socket.is_open:
            return None
        raise


async def _first(event: asyncio.Event, wait: DurationNs) -> None:
    try:
        async with asyncio.timeout(wait / NS_PER_S):
            await event.wait()
    except TimeoutError:
        return
