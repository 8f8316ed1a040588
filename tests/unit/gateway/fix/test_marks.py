"""What is known of a session after a crash, wherever it struck."""

import pytest

from router.domain.error import ConfigError
from router.gateway.fix.engine import EngineError
from router.gateway.fix.marks import Mark, MarkFile
from router.gateway.fix.message import Message, body
from router.gateway.fix.outbox import Outbox
from router.gateway.fix.session import recovered

HEARTBEAT = "8=FIX.4.4\x0135=0\x01"
REPORT = "8=FIX.4.4\x0135=8\x01"


class Crash(BaseException):
    """The process is killed."""


class Store:
    """The engine as far as an outbox sees it; it may die before or after it has stored."""

    def __init__(self):
        self.texts = []
        self.dies = None
        self.is_there = True

    def next_out(self, _name):
        return len(self.texts) + 1

    def is_logged_on(self, _name):
        return self.is_there

    def send(self, _name, text):
        if self.dies == "before":
            raise Crash
        self.texts.append(text)
        if self.dies == "after":
            raise Crash


def outbox(store, path, fault=None):
    file = MarkFile(path)
    found = file.read()
    begin = 1 if found is None or not found.number else found.number
    mark = recovered(found, store.next_out(""), tuple(store.texts[begin - 1 :]))
    return Outbox("s", "FIX.4.4", engine=store, file=file, mark=mark, fault=fault)


def report(text="r"):
    return Message("8", body((58, text)))


def test_a_record_is_read_as_it_was_written(tmp_path):
    mark = Mark(
        answered=7,
        place=(3, 1),
        number=9,
        answered_then=8,
        place_then=(4, 0),
        settled=(2, 0),
        away_since=1_780_000_000_000_000_000,
        is_there=False,
    )
    MarkFile(tmp_path / "s").write(mark)

    assert MarkFile(tmp_path / "s").read() == mark


@pytest.mark.parametrize("is_there", [False, True])
def test_a_peer_is_there_or_not_and_never_went(tmp_path, is_there):
    file = MarkFile(tmp_path / "s")

    file.write(Mark(is_there=is_there))

    assert file.read() == Mark(is_there=is_there)


def test_of_a_new_session_nothing_is_known(tmp_path):
    assert MarkFile(tmp_path / "s").read() is None


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "s").write_bytes(b"x" * 200)

    with pytest.raises(ConfigError, match="no record"):
        MarkFile(tmp_path / "s").read()


@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_report_is_stored_once_wherever_the_process_dies(tmp_path, dies):
    store = Store()
    first = outbox(store, tmp_path / "s")
    first.report([report("one")], place=(1, 0))
    store.dies = dies
    with pytest.raises(Crash):
        first.report([report("two")], place=(2, 0))
    store.dies = None

    second = outbox(store, tmp_path / "s")
    for place, text in (((1, 0), "one"), ((2, 0), "two"), ((3, 0), "three")):
        if place > second.mark.place:
            second.report([report(text)], place=place)

    told = [text.partition("\x0158=")[2].partition("\x01")[0] for text in store.texts]
    assert told == ["one", "two", "three"]


@pytest.mark.parametrize("dies", ["before", "after"])
def test_an_answer_is_given_once_wherever_the_process_dies(tmp_path, dies):
    store = Store()
    first = outbox(store, tmp_path / "s")
    store.dies = dies
    with pytest.raises(Crash):
        first.answer([report("a"), report("b")] if dies == "before" else [report("b")], number=5)
    store.dies = None

    answered = outbox(store, tmp_path / "s").mark.answered

    assert answered == (0 if dies == "before" else 5)


def test_the_engine_s_own_messages_are_not_taken_for_a_report():
    mark = Mark(number=4, place=(1, 0), place_then=(2, 0))

    assert recovered(mark, 5, (HEARTBEAT,)).place == (1, 0)
    assert recovered(mark, 6, (HEARTBEAT, REPORT)).place == (2, 0)


def test_a_store_that_was_reset_is_not_filled_with_the_same_again():
    mark = Mark(number=40, place=(1, 0), place_then=(2, 0))

    assert recovered(mark, 3, ()).place == (2, 0)


def test_what_is_no_longer_true_is_not_stored_for_a_peer_that_is_away(tmp_path):
    store = Store()
    store.is_there = False
    box = outbox(store, tmp_path / "s")

    box.tell([Message("W", body((58, "book"))), report()])

    assert len(store.texts) == 1


def test_a_message_that_the_engine_does_not_take_is_a_fault_and_not_tried_again(tmp_path):
    faults, store = [], Store()
    box = outbox(store, tmp_path / "s", faults.append)

    def refuse(_name, _text):
        raise EngineError("s: cannot be sent")

    store.send = refuse
    box.report([report()], place=(2, 0))

    assert box.mark.place == (2, 0)
    assert len(faults) == 1
