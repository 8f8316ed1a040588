"""Judges messages by the session engine's own dictionary check."""

import functools

import quickfix

from router.gateway.fix.dictionary import xml
from router.gateway.fix.message import framed

FILES = {"FIX.4.2": "42", "FIX.4.4": "44", "FIX.5.0SP2": "50"}
FAULTS = (
    quickfix.IncorrectDataFormat,
    quickfix.IncorrectTagValue,
    quickfix.InvalidMessage,
    quickfix.InvalidMessageType,
    quickfix.InvalidTagNumber,
    quickfix.NoTagValue,
    quickfix.RepeatedTag,
    quickfix.RepeatingGroupCountMismatch,
    quickfix.RequiredTagMissing,
    quickfix.TagNotDefinedForMessage,
)
SESSION = ((49, "HEADRACE"), (56, "EMS"), (34, "2"), (52, "20260101-00:00:00.000"))


@functools.cache
def _dictionary(folder, name):
    path = folder / f"{name}.xml"
    path.write_text(xml(name), encoding="utf-8")
    return quickfix.DataDictionary(str(path))


def fault_of(message, dialect, folder):
    """Return what the dictionary has against a message; None where it has nothing."""
    header = message.header.__class__((*message.header.items, *SESSION))
    text = framed(message.__class__(message.kind, message.body, header), dialect.begin_string)
    application = _dictionary(folder, FILES[dialect.name])
    transport = _dictionary(folder, "fixt") if dialect.begin_string == "FIXT.1.1" else application
    body_only = fields_checked = True
    judge = transport if message.kind == "3" else application
    try:
        read = quickfix.Message(text, transport, application, fields_checked)
        judge.validate(read, body_only)
    except FAULTS as error:
        return f"{type(error).__name__}: {error} in {text}"
    return None
