import sys
import threading

import pytest

from router.shell import last_words


@pytest.fixture(autouse=True)
def hooks(monkeypatch):
    """Put back what a test installs."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)


def fail():
    raise LookupError("password=Zx81QwCanary and the rest\nof it")


def test_a_traceback_is_told_in_full_but_for_its_secrets(capsys):
    last_words.install()
    with pytest.raises(LookupError) as caught:
        fail()
    sys.excepthook(LookupError, caught.value, caught.value.__traceback__)

    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last):")
    assert "test_last_words.py" in told
    assert "LookupError: password=[redacted] and the rest\nof it" in told


def test_hooks_that_somebody_else_has_set_stay(monkeypatch):
    def theirs(_args):
        raise AssertionError("never called here")

    monkeypatch.setattr(threading, "excepthook", theirs)
    monkeypatch.setattr(sys, "unraisablehook", theirs)

    last_words.install()

    assert threading.excepthook is theirs
    assert sys.unraisablehook is theirs


def test_a_reader_that_has_gone_away_makes_no_second_fault(monkeypatch):
    class Gone:
        def write(self, _text):
            raise BrokenPipeError

    last_words.install()
    monkeypatch.setattr(sys, "stderr", Gone())

    sys.excepthook(LookupError, LookupError("x"), None)
