"""The gateway's end of the line to the daemon, opened again whenever it breaks; and asking on it.

What was sent and not answered may have been done: it is asked again under the same name once the
daemon is back. What was never sent is refused. An order, or other terms of one, that the daemon
does not know when it is back, and that has waited long, is refused as well: nobody wants it traded
that late.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Final

from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.gateway.fix.asks import Ask, first_of_list
from router.gateway.link import Code, Link, LinkError
from router.port import Clock

_PAUSE: Final = DurationNs(NS_PER_S // 10)
_SOON_S: Final = 0.5  # a daemon that is just being started again is waited for
_ANSWER_S: Final = 90  # the slowest is a dry run; the link itself waits no longer
_LATE: Final = DurationNs(10 * NS_PER_S)
_UNANSWERED: Final = "the daemon did not answer in time; ask for the status by the same name"
_NOT_SENT: Final = "the desk is away; nothing was done: send it again later"
_TOO_LATE: Final = "the desk was away and has not taken it; it came too late to be taken now"


class Line:
    """A line to a daemon.

    Parameters
    ----------
    path : Path
        Where it listens.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._link: Link | None = None
        self._is_up = asyncio.Event()

    @property
    def now(self) -> Link | None:
        """The line, if there is one at this moment."""
        return self._link if self._link is not None and not self._link.is_away else None

    async def up(self) -> Link:
        """Return the line as soon as there is one."""
        while (link := self.now) is None:
            self._is_up.clear()
            await self._is_up.wait()
        return link

    async def rest(self) -> None:
        """Wait a little, before what was not told is asked for again."""
        await self._clock.sleep(_PAUSE)

    async def run(self) -> None:
        """Keep the line open; never returns."""
        while True:
            with contextlib.suppress(OSError):
                self._link = await Link.open(self._path)
                self._is_up.set()
                await self._link.run()
            await self._clock.sleep(_PAUSE)

    async def asked(self, ask: Ask, *, is_repeat: bool, sent_at: TimestampNs) -> Any:  # noqa: ANN401 - JSON
        """Have something done.

        Parameters
        ----------
        is_repeat : bool
            Whether it may have been asked for before, by this process or an earlier one.
        sent_at : TimestampNs
            When the peer first sent it.

        Raises
        ------
        LinkError
            If it was refused, or not done.
        """
        until = asyncio.get_running_loop().time() + _ANSWER_S
        link, was_sent = self.now, False
        if link is not None and not is_repeat:
            try:
                return await link.ask(ask.do, **ask.fields)
            except LinkError as error:
                if error.code != Code.AWAY:
                    raise
                was_sent = True
        try:
            async with asyncio.timeout_at(until):
                return await self._insisted(
                    ask, is_repeat=is_repeat, was_sent=was_sent, sent_at=sent_at
                )
        except TimeoutError:
            raise LinkError(_UNANSWERED, code=Code.AWAY) from None

    async def _insisted(
        self, ask: Ask, *, is_repeat: bool, was_sent: bool, sent_at: TimestampNs
    ) -> Any:  # noqa: ANN401 - JSON
        if was_sent:
            await self._clock.sleep(_PAUSE)
        while True:
            link = self.now
            if link is None:
                link = await (self.up() if was_sent else self._up_soon())
            may_be_known = is_repeat or was_sent
            try:
                if may_be_known:
                    await self._require_in_time(link, ask, sent_at)
                return await link.ask(ask.do, **_fields(ask, is_repeat=may_be_known))
            except LinkError as error:
                if error.code != Code.AWAY:
                    raise
                was_sent = True
                await self._clock.sleep(_PAUSE)

    async def _up_soon(self) -> Link:
        try:
            async with asyncio.timeout(_SOON_S):
                return await self.up()
        except TimeoutError:
            raise LinkError(_NOT_SENT, code=Code.DEGRADED) from None

    async def _require_in_time(self, link: Link, ask: Ask, sent_at: TimestampNs) -> None:
        named = _named(ask)
        if named is None or self._clock.now() - sent_at < _LATE:
            return
        client, name = named
        found = await link.ask("find", client=client, name=name)
        if found["role"] is None:
            raise LinkError(_TOO_LATE, code=Code.STALE)


# Whose, and by which name the daemon knows what trades, once it has taken it; None of other things.
def _named(ask: Ask) -> tuple[str, str] | None:
    fields = ask.fields
    if ask.do == "submit":
        order = fields["order"]
        return order.get("client", ""), order.get("client_order_id", "")
    if ask.do == "basket":
        return fields["client"], first_of_list(fields["basket"]["client_order_id"])
    return (fields["client"], fields["request"]) if ask.do == "amend" else None


def _fields(ask: Ask, *, is_repeat: bool) -> dict[str, Any]:
    fields = dict(ask.fields)
    if is_repeat and "on_known" in fields:
        fields["on_known"] = "return"
    return fields
