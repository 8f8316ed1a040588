"""The test's end of a customer's FIX engine: what it sent, what came, and what must come next."""

import queue
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import orjson

REPOSITORY = Path(__file__).parents[3]
WITHIN_S = 15.0
FIRST_WITHIN_S = 60.0  # a solver that has not solved yet takes its time
SETTINGS = """
[DEFAULT]
ConnectionType=initiator
FileStorePath={folder}/store
StartTime=00:00:00
EndTime=00:00:00
NonStopSession=Y
ReconnectInterval=1
HeartBtInt={heartbeat_s}
SocketNodelay=Y
UseDataDictionary=Y
ValidateFieldsOutOfOrder=Y
ValidateFieldsHaveValues=Y
ValidateUserDefinedFields=Y
AllowUnknownMsgFields=N
CheckLatency=Y
PersistMessages=Y
[SESSION]
BeginString=FIX.4.4
SenderCompID={sender}
TargetCompID={target}
DataDictionary={dictionary}
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
"""
HEADER = {8, 9, 10, 34, 43, 49, 52, 56, 122}


class Message:
    """A message as a mapping of tags; groups keep their first instance here, all in `pairs`."""

    def __init__(self, pairs):
        self.pairs = [(int(tag), value) for tag, value in pairs]
        self._first = {}
        for tag, value in self.pairs:
            self._first.setdefault(tag, value)

    def __getitem__(self, tag):
        return self._first.get(tag)

    def __repr__(self):
        return "|".join(f"{tag}={value}" for tag, value in self.pairs)

    @property
    def kind(self):
        return self[35]

    @property
    def number(self):
        return int(self[34])

    @property
    def is_repeated(self):
        return self[43] == "Y"

    @property
    def body(self):
        """What stays when it is sent again."""
        return tuple(pair for pair in self.pairs if pair[0] not in HEADER)


class SurpriseError(AssertionError):
    """Something came that nobody wrote down."""


class Peer:
    """A running initiator.

    Attributes
    ----------
    sent, came, fresh : list of Message
        All application messages of the session so far; the fresh ones did not come before.
    refused : list of Message
        What either side's session layer rejected: there should be none.
    """

    def __init__(self, process):
        self._process = process
        self._news = queue.Queue()
        self._admin = queue.Queue()
        self._states = queue.Queue()
        self._numbers = queue.Queue()
        self.patience_s = FIRST_WITHIN_S
        self.sent = []
        self.logons = 0
        self.came = []
        self.fresh = []
        self._seen = set()
        self.refused = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # What it is told to do.

    def start(self):
        self._do("start")

    def stop(self):
        self._do("stop")

    def drop(self):
        self._do("drop")

    def send(self, kind, fields, *groups):
        pairs = [[35, kind], *([tag, str(value)] for tag, value in fields.items())]
        self._do("send", fields=pairs, groups=list(groups))

    def skip_numbers(self, count):
        """Let so many messages of ours be lost on the way, as it seems."""
        self._do("next_sender", number=self.numbers()[0] + count)

    def forget(self, count):
        """Let the last so many of theirs never have come, as it seems."""
        self._do("next_target", number=self.numbers()[1] - count)

    def reset(self):
        self._seen.clear()
        self._do("reset")

    def numbers(self):
        """Return the numbers that come next, ours and theirs."""
        self._do("numbers")
        said = self._numbers.get(timeout=self.patience_s)
        return said["sender"], said["target"]

    # What it tells.

    def logged(self, state):
        """Wait until the session is said to be on or out."""
        while self._states.get(timeout=self.patience_s) != state:
            pass

    def forget_states(self):
        """Let what was said of log-ons and log-outs so far be over."""
        while not self._states.empty():
            self._states.get()

    def next(self):
        """Return the next application message that did not come before."""
        try:
            return self._news.get(timeout=self.patience_s)
        except queue.Empty:
            raise SurpriseError(f"nothing came; before it: {self.came[-3:]}") from None

    def admin(self, kind):
        """Return the next message of the session layer of a kind, passing over the others."""
        while True:
            message = self._admin.get(timeout=self.patience_s)
            if message.kind == kind:
                return message

    def silence(self, mark):
        """Have the other side answer a test: all that it had sent before it is here now."""
        self.test(mark)
        if not self._news.empty():
            raise SurpriseError(f"nobody expected {self._news.get()}")

    def test(self, mark):
        """Have the other side answer: all that it had sent before it is here now."""
        self.send("1", {112: mark})
        while self.admin("0")[112] != mark:
            pass

    def waiting(self):
        """Take all that has come and was not asked for yet."""
        taken = []
        while not self._news.empty():
            taken.append(self._news.get())
        return taken

    def _do(self, verb, **words):
        self._process.stdin.write(orjson.dumps({"do": verb, **words}) + b"\n")
        self._process.stdin.flush()

    def _read(self):
        for line in self._process.stdout:
            said = orjson.loads(line)
            match said["on"]:
                case "logon" | "logout" as state:
                    self.logons += state == "logon"
                    self._states.put(state)
                case "numbers":
                    self._numbers.put(said)
                case "sent":
                    self.sent.append(Message(said["fields"]))
                case "app":
                    self._take(Message(said["fields"]))
                case "admin" | "sent_admin":
                    self._take_admin(Message(said["fields"]), is_theirs=said["on"] == "admin")

    def _take(self, message):
        self.came.append(message)
        if message.number not in self._seen:  # one that is sent again may come for the first time
            self._seen.add(message.number)
            self.fresh.append(message)
            self._news.put(message)

    def _take_admin(self, message, *, is_theirs):
        if message.kind == "3":
            self.refused.append(message)
        if is_theirs:
            self._admin.put(message)


@contextmanager
def initiator(folder, *, port, dictionary, sender, target="HEADRACE", heartbeat_s=30):
    """Run an initiator, not connected yet, until the block is left; its store stays in a folder."""
    folder.mkdir(exist_ok=True)
    path = folder / "session.cfg"
    path.write_text(
        SETTINGS.format(
            folder=folder,
            port=port,
            dictionary=dictionary,
            sender=sender,
            target=target,
            heartbeat_s=heartbeat_s,
        )
    )
    words = (sys.executable, "-m", "tests.integration.certification.initiator", str(path))
    with subprocess.Popen(  # noqa: S603 - our own command
        words, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        peer = Peer(process)
        try:
            yield peer
        finally:
            process.stdin.close()
            process.wait(FIRST_WITHIN_S)
            peer._reader.join(FIRST_WITHIN_S)  # noqa: SLF001 - it ends with its process
