"""What a session sends, each report once: its state goes on record before a message is stored."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from router.gateway.fix.engine import Engine, EngineError
from router.gateway.fix.marks import Mark, MarkFile, Place
from router.gateway.fix.message import Message, framed

# What is really sent again when the peer asks for it, and stored while it is away. The rest is no
# longer true by then: the gap is filled.
KEPT: Final = frozenset({"8", "9", "j", "r", "N"})


class Outbox:
    """One session's way out.

    Parameters
    ----------
    mark : Mark
        What holds, after `marks.Mark.settled_after_crash`.
    fault : function
        Told of a message that the engine does not take, which is a fault of ours.
    """

    def __init__(
        self,
        name: str,
        begin_string: str,
        *,
        engine: Engine,
        file: MarkFile,
        mark: Mark,
        fault: Callable[[Exception], None],
    ) -> None:
        self._name = name
        self._begin_string = begin_string
        self._engine = engine
        self._file = file
        self._fault = fault
        self.mark = mark

    def answer(self, messages: Sequence[Message], *, number: int | None) -> None:
        """Send what answers a message of the peer.

        Parameters
        ----------
        number : int | None
            Up to which everything of the peer's is answered with it; None where its numbers have
            begun anew since.
        """
        answered = self.mark.answered if number is None else number
        self._send(messages, answered=answered, place=self.mark.place)
        if self.mark.answered != answered or self.mark.answered_then != answered:
            self.mark = replace(self.mark, answered=answered, answered_then=answered)

    def report(self, messages: Sequence[Message], *, place: Place) -> None:
        """Send what reports from a place."""
        self._send(messages, answered=self.mark.answered, place=place)
        if self.mark.place != place or self.mark.place_then != place:
            self.mark = replace(self.mark, place=place, place_then=place)

    def tell(self, messages: Sequence[Message]) -> None:
        """Send what belongs to no place: streams, and states announced anew."""
        self._send(messages, answered=self.mark.answered, place=self.mark.place)

    def change(self, mark: Mark) -> None:
        """Put another state on record, now."""
        self.mark = mark
        self._file.write(mark)

    def flush(self) -> None:
        """Put the state on record, such as it is."""
        self._file.write(self.mark)

    # Only the last of several stands for what they answer: the others may be sent again.
    def _send(self, messages: Sequence[Message], *, answered: int, place: Place) -> None:
        is_there = self._engine.is_logged_on(self._name)
        sent = [each for each in messages if is_there or each.kind in KEPT]
        for count, message in enumerate(sent, start=1):
            is_last = count == len(sent)
            self.mark = self.mark.sending(
                self._engine.next_out(self._name),
                answered=answered if is_last else self.mark.answered,
                place=place if is_last else self.mark.place,
            )
            self._file.write(self.mark)
            try:
                self._engine.send(self._name, framed(message, self._begin_string))
            except EngineError as error:
                self._fault(error)
            self.mark = self.mark.sent()
