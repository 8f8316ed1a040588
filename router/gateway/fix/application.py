"""What a session's peer asks for: each message is a conversation with the daemon.

Conversations go on side by side, except that one about an order waits for the earlier ones about
the same, one about many orders for all that change any, and those after it for it. Nothing waits
for a dry run. What they come to is sent in the order of the messages: so the mark of what is
answered is one number, and the peer reads answers as it asked.

A quote is of the moment. A request for one that is at work still, where what came after it is done,
is passed over: its answer is sent when it comes, and after a crash it is not asked for again. Nor
is it kept for a peer that is away; the rules of engagement say to ask again.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from router.domain.units import TimestampNs
from router.gateway.fix import inbound
from router.gateway.fix.asks import AS_IT_IS, Ask, Conversation, Follow, Output, Unfollow
from router.gateway.fix.line import Line
from router.gateway.fix.message import Message, MessageError, body, parse
from router.gateway.fix.outbox import Outbox
from router.gateway.fix.peer import Peer
from router.gateway.fix.throttle import Throttle
from router.gateway.fix.values import moment
from router.gateway.link import Code, LinkError
from router.port import Clock

_NUMBER: Final = "\x0134="
_POSS_DUP: Final = 43
_FIRST_SENT: Final = 122
_NAMES: Final = (11, 41)
_CHANGING: Final = frozenset({"D", "F", "G", "q", "K", "E"})
_CHANGING_MANY: Final = frozenset({"q", "K", "E"})
_OF_MANY: Final = _CHANGING_MANY | {"AF"}
_OF_ORDERS: Final = _CHANGING | {"H", "AF"}
_OF_THE_MOMENT: Final = frozenset({"R"})
_STANDING: Final = "last_report"
_FULL: Final = 4_000  # conversations at a time; the link takes a few more
_QUESTIONS_MAX: Final = 16  # that one message may come to
_OTHER: Final = "0"  # BusinessRejectReason
_NOT_AVAILABLE: Final = "4"
_FAULT: Final = "a fault of ours; ask how your orders stand before you send it again"
_THROTTLED: Final = "THROTTLE: too many messages; send it again later"


@dataclass(slots=True)
class _Talk:
    number: int
    epoch: int
    end: "asyncio.Future[None]"
    kind: str = ""
    is_done: bool = False
    is_passed: bool = False
    result: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """What a session's conversations need.

    Attributes
    ----------
    start : function
        Runs something beside everything else.
    follow : function
        Begins or ends a stream.
    record : function
        Writes down what is about to be asked for, by the number of the message.
    fault : function
        Told of a fault of ours.
    answered : function
        Told what a message that changes something is answered at once, and of its number.
    told : function
        Waits until the peer was told all reports that where an order stands counts in.
    """

    line: Line
    outbox: Outbox
    throttle: Throttle
    clock: Clock
    start: Callable[[Coroutine[Any, Any, None]], object]
    follow: Callable[[Follow | Unfollow], None]
    record: Callable[[Ask, int], Awaitable[None]]
    fault: Callable[[Exception], None]
    answered: Callable[[Message, Message, int], None]
    told: Callable[[Mapping[str, Any]], Awaitable[None]]


class Application:
    """One session's inbound side."""

    def __init__(self, peer: Peer, ways: Ways) -> None:
        self._peer = peer
        self._ways = ways
        self._taken: deque[str] = deque()
        self._talks: deque[_Talk] = deque()
        self._passed = 0  # how many have been passed over and are at work still
        self._latest = 0
        self._received = 0
        self._epoch = 0
        self._about: dict[str, asyncio.Future[None]] = {}  # the latest talk about a name
        self._many: asyncio.Future[None] | None = None  # the latest that changes many orders

    @property
    def is_idle(self) -> bool:
        """Whether everything that came is answered."""
        return not self._taken and not self._talks

    @property
    def is_full(self) -> bool:
        """Whether so much is unanswered that no more should be read."""
        return len(self._talks) + len(self._taken) + self._passed >= _FULL

    def take(self, text: str) -> bool:
        """Put a message down for `work`; return whether the peer's numbers have begun anew."""
        number = _number(text)
        has_begun_anew = number <= self._latest
        if has_begun_anew:
            self.begin_anew()
        self._latest = number
        if not self._taken:
            asyncio.get_running_loop().call_soon(self._work)
        self._taken.append(text)
        return has_begun_anew

    def begin_at(self, number: int, *, received: int = 0) -> None:
        """Expect a message of this number or later next.

        Parameters
        ----------
        received : int
            Up to which number they came once before, and were counted then.
        """
        self._latest, self._received = number - 1, received

    def begin_anew(self) -> None:
        """Forget the peer's numbers: what is under way was of the old ones."""
        self._epoch += 1
        self._latest = self._received = 0

    def _work(self) -> None:
        while self._taken:
            text = self._taken.popleft()
            talk = _Talk(_number(text), self._epoch, asyncio.get_running_loop().create_future())
            self._talks.append(talk)
            self._ways.start(self._held(talk, text))

    async def _held(self, talk: _Talk, text: str) -> None:
        try:
            message = parse(text)
        except MessageError as error:
            talk.result = (_unread(text, talk.number, error),)
        else:
            talk.result = await self._safely(talk, message)
        talk.is_done = True
        _over(talk)
        if talk.is_passed:
            self._passed -= 1
            self._ways.outbox.tell(_messages(talk.result))
        else:
            self._release()

    # One message, whatever it is, must not end the sessions of all.
    async def _safely(self, talk: _Talk, message: Message) -> tuple[Output, ...]:
        try:
            return await self._in_turn(talk, message)
        except Exception as error:  # noqa: BLE001 - told, and the peer is told that it was a fault
            self._ways.fault(error)
            said = (
                (45, str(talk.number)),
                (372, message.kind),
                (380, _NOT_AVAILABLE),
                (58, _FAULT),
            )
            return (Message("j", body(*said)),)

    async def _in_turn(self, talk: _Talk, message: Message) -> tuple[Output, ...]:
        talk.kind = message.kind
        names = {name for tag in _NAMES if (name := message.body.get(tag)) is not None}
        before = self._before(talk, names)
        if talk.kind in _CHANGING_MANY:
            self._many = talk.end
        self._about.update(dict.fromkeys(names, talk.end))
        for each in before:
            await each
        try:
            return await self._result(talk, message)
        finally:
            for name in names:
                if self._about.get(name) is talk.end:
                    del self._about[name]

    def _before(self, talk: _Talk, names: set[str]) -> "list[asyncio.Future[None]]":
        if talk.kind in _OF_MANY:
            earlier = itertools.takewhile(lambda each: each is not talk, self._talks)
            return [each.end for each in earlier if each.kind in _CHANGING]
        before = [self._about[name] for name in names if name in self._about]
        if talk.kind in _OF_ORDERS and self._many is not None:
            before.append(self._many)
        return before

    async def _result(self, talk: _Talk, message: Message) -> tuple[Output, ...]:
        now = self._ways.clock.now()
        conversation = inbound.conversation(message, self._peer, now)
        is_repeat = message.header.get(_POSS_DUP) == "Y"
        is_known = is_repeat and talk.number <= self._received
        if not is_known and not self._ways.throttle.lets(message.kind):
            return _refused(conversation, LinkError(_THROTTLED, code=Code.BUSY))
        sent_at = _first_sent(message, now) if is_repeat else now
        try:
            ask = next(conversation)
            while True:
                try:
                    answer = await self._answer(talk, ask, is_repeat=is_repeat, sent_at=sent_at)
                except LinkError as error:
                    ask = conversation.throw(error)
                else:
                    ask = conversation.send(answer)
        except StopIteration as end:
            result: tuple[Output, ...] = end.value
            if message.kind in _CHANGING and result and isinstance(result[0], Message):
                self._ways.answered(message, result[0], talk.number)
            return result

    async def _answer(self, talk: _Talk, ask: Ask, *, is_repeat: bool, sent_at: TimestampNs) -> Any:  # noqa: ANN401 - whatever JSON says
        waits = ask.do == _STANDING and AS_IT_IS not in ask.fields
        if waits:
            _over(talk)  # it only tells from here on: a cancel need not wait for that
        await self._ways.record(ask, talk.number)
        answer = await self._ways.line.asked(ask, is_repeat=is_repeat, sent_at=sent_at)
        if waits:
            await self._ways.told(answer)
        return answer

    def _release(self) -> None:
        while self._talks and (self._talks[0].is_done or self._is_passed_over(self._talks[0])):
            talk = self._talks.popleft()
            number = talk.number if talk.epoch == self._epoch else None
            self._ways.outbox.answer(_messages(talk.result), number=number)
            for each in talk.result:
                if not isinstance(each, Message):
                    self._ways.follow(each)

    # Not before its turn: an answer that is sent while the mark is behind it would be sent again
    # after a crash.
    def _is_passed_over(self, talk: _Talk) -> bool:
        is_of_the_moment = talk.kind in _OF_THE_MOMENT
        talk.is_passed = is_of_the_moment and any(each.is_done for each in self._talks)
        self._passed += talk.is_passed
        return talk.is_passed


# Whoever has waited for it goes on.
def _over(talk: _Talk) -> None:
    if not talk.end.done():
        talk.end.set_result(None)


def _messages(result: tuple[Output, ...]) -> list[Message]:
    return [each for each in result if isinstance(each, Message)]


# Have a conversation end at its first question; one that has none ends by itself.
def _refused(talk: Conversation, error: LinkError) -> tuple[Output, ...]:
    try:
        next(talk)
        for _ in range(_QUESTIONS_MAX):
            talk.throw(error)
    except StopIteration as end:
        result: tuple[Output, ...] = end.value
        return result
    raise AssertionError("a conversation that is refused everything comes to an end")


# When the peer sent a message that it repeats now.
def _first_sent(message: Message, now: TimestampNs) -> TimestampNs:
    said = message.header.get(_FIRST_SENT)
    return now if said is None else moment(said, _FIRST_SENT)


# The engine has taken it, and still it cannot be read.
def _unread(text: str, number: int, error: MessageError) -> Message:
    kind = text.partition("\x0135=")[2].partition("\x01")[0]
    return Message("j", body((45, str(number)), (372, kind), (380, _OTHER), (58, str(error))))


def _number(text: str) -> int:
    begin = text.index(_NUMBER) + len(_NUMBER)
    return int(text[begin : text.index("\x01", begin)])
