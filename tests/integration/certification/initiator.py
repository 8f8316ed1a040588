"""A customer's FIX engine: QuickFIX as an initiator, in a process and with a store of its own.

Started as a program with a settings file. It writes one JSON object a line for whatever happens in
the session, and reads one a line for what it is to do:

    {"do": "start"}                         connect, and again whenever it is cut off
    {"do": "stop"}                          log out, and connect no more
    {"do": "drop"}                          cut the connection without a word
    {"do": "send", "fields": [[35, "D"], ...], "groups": [[count, first, [[[tag, value]]]]]}
    {"do": "next_sender", "number": n}      pretend that what lies between was sent
    {"do": "next_target", "number": n}      pretend that from there on nothing has come
    {"do": "reset"}                         log on anew with both numbers at one
    {"do": "numbers"}                       tell both

What it says: ``{"on": "logon" | "logout"}``, ``{"on": "app" | "admin" | "sent" | "sent_admin",
"fields": [[tag, value], ...]}``, ``{"on": "numbers", "sender": n, "target": n}``.
"""

import os
import sys

import orjson
import quickfix as fix

SOH = "\x01"
HEADER = {8, 9, 34, 35, 43, 49, 50, 52, 56, 57, 97, 115, 116, 122, 128, 129}


def say(**facts):
    os.write(1, orjson.dumps(facts) + b"\n")  # one write: lines of two threads do not mix


def fields_of(message):
    pairs = (part.split("=", 1) for part in message.toString().split(SOH) if part)
    return [[int(tag), value] for tag, value in pairs]


class Customer(fix.Application):
    """Tells all that happens."""

    session = None
    is_reset_wanted = False

    def onCreate(self, session):  # noqa: N802 - the engine's names
        self.session = session

    def onLogon(self, _session):  # noqa: N802
        say(on="logon")

    def onLogout(self, _session):  # noqa: N802
        say(on="logout")

    def toAdmin(self, message, _session):  # noqa: N802
        if self.is_reset_wanted and message.getHeader().getField(35) == "A":
            message.setField(141, "Y")
            self.is_reset_wanted = False
        say(on="sent_admin", fields=fields_of(message))

    def fromAdmin(self, message, _session):  # noqa: N802
        say(on="admin", fields=fields_of(message))

    def toApp(self, message, _session):  # noqa: N802
        say(on="sent", fields=fields_of(message))

    def fromApp(self, message, _session):  # noqa: N802
        say(on="app", fields=fields_of(message))


def built(fields, groups):
    message = fix.Message()
    for tag, value in fields:
        part = message.getHeader() if tag in HEADER else message
        part.setField(tag, value)
    for count, first, instances in groups:
        for instance in instances:
            group = fix.Group(count, first)
            for tag, value in instance:
                group.setField(tag, value)
            message.addGroup(group)
    return message


class Engine:
    """The session, started and stopped as told."""

    def __init__(self, path):
        settings = fix.SessionSettings(path)
        self.customer = Customer()
        self._parts = (settings, fix.FileStoreFactory(settings))  # the engine keeps no reference
        self._initiator = fix.ThreadedSocketInitiator(self.customer, self._parts[1], settings)
        self._is_running = False

    @property
    def session(self):
        return fix.Session.lookupSession(self.customer.session)

    def end(self):
        if self._is_running:
            self._initiator.stop(True)  # noqa: FBT003 - the engine's own signature

    def do(self, order):
        verb = order.pop("do")
        getattr(self, f"do_{verb}")(**order)

    def do_start(self):
        if not self._is_running:
            self._initiator.start()
            self._is_running = True
        self.session.logon()

    def do_stop(self):
        self.session.logout()

    def do_drop(self):
        self.session.disconnect()

    def do_send(self, fields, groups=()):
        fix.Session.sendToTarget(built(fields, groups), self.customer.session)

    def do_next_sender(self, number):
        self.session.setNextSenderMsgSeqNum(number)

    def do_next_target(self, number):
        self.session.setNextTargetMsgSeqNum(number)

    def do_reset(self):
        self.customer.is_reset_wanted = True
        self.session.reset()

    def do_numbers(self):
        session = self.session
        sender, target = session.getExpectedSenderNum(), session.getExpectedTargetNum()
        say(on="numbers", sender=sender, target=target)


def main():
    engine = Engine(sys.argv[1])
    try:
        for line in sys.stdin:
            engine.do(orjson.loads(line))
    finally:
        engine.end()
        os._exit(0)  # the engine's threads need not be waited for


if __name__ == "__main__":
    main()
