"""Messages and bodies that are almost right, made from right ones by a seeded generator."""

from datetime import UTC, datetime

import orjson

SOH = b"\x01"
HEAD = ("8", "9", "35", "34", "49", "56", "52")

# Values that parsers have stumbled over: numbers, moments, text, and nothing.
NASTY = (
    *("", "0", "-1", "+1", "00", "1e9", "1E400", "NaN", "Infinity", "-0.0", "0x10", "1_000", " 1"),
    *("9" * 20, "9" * 400, "0." + "0" * 300 + "1", "1" * 30 + "." + "1" * 30, ".5", "5.", "1,5"),
    *("20261131-25:61:61", "20260101-00:00:00.000000001", "00000000-00:00:00", "99999999"),
    *("Y", "N", "true", "null", "[]", "{}", "../../etc/passwd", "%s%n", "' OR 1=1--", "\x00", "é"),
    *("\udcff", "\u202e", "\U0001d7d9", "ETH/USDC/ETH", "/", "*", "a" * 5_000, "\x02", "=", "A=B"),
)
TAGS = ("0", "1", "10", "11", "35", "95", "453", "957", "99999", "-1", "x")
TYPES = (*"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"abcdefghijklmnopqrstuvwxyz", "AN", "AP", "ZZ")

# Bodies of what a client may send; the header and the trailer are put around them.
ORDER = (
    *(("11", "f-{n}"), ("1", "main"), ("55", "ETH/USDC"), ("54", "1"), ("60", "{now}")),
    *(("38", "0.5"), ("40", "2"), ("44", "2990"), ("59", "0")),
)
FIX_SEEDS = {
    "D": ORDER,
    "D/algo": (*ORDER, ("847", "1000"), ("957", "1"), ("958", "x"), ("959", "14"), ("960", "1")),
    "F": (("11", "c-{n}"), ("41", "f-1"), ("55", "ETH/USDC"), ("54", "1"), ("60", "{now}")),
    "G": (*ORDER, ("41", "f-1")),
    "H": (("11", "f-1"), ("55", "ETH/USDC"), ("54", "1"), ("790", "s-{n}")),
    "q": (("11", "m-{n}"), ("530", "7"), ("60", "{now}")),
    "E": (
        *(("66", "l-{n}"), ("394", "3"), ("68", "1"), ("73", "1"), ("11", "e-{n}"), ("67", "1")),
        *(("1", "main"), ("55", "ETH/USDC"), ("54", "2"), ("38", "1"), ("40", "1")),
    ),
    "R": (("131", "r-{n}"), ("146", "1"), ("55", "ETH/USDC"), ("54", "1"), ("38", "1")),
    "V": (
        *(("262", "v-{n}"), ("263", "0"), ("264", "5"), ("267", "2"), ("269", "0"), ("269", "1")),
        *(("146", "1"), ("55", "ETH/USDC")),
    ),
    "AN": (
        *(("710", "p-{n}"), ("724", "0"), ("453", "0"), ("1", "main"), ("581", "1")),
        *(("715", "20260101"), ("60", "{now}")),
    ),
    "x": (("320", "x-{n}"), ("559", "4")),
    "0": (("112", "hello"),),
    "1": (("112", "test-{n}"),),
    "2": (("7", "1"), ("16", "0")),
    "3": (("45", "1"), ("373", "5"), ("58", "no")),
    "j": (("372", "8"), ("380", "0"), ("58", "no")),
    "4": (("123", "Y"), ("36", "2")),
}


def fix_fields(chance, number, at):
    """Return type and fields of a message that is nearly one a client would send."""
    kind = chance.choice(tuple(FIX_SEEDS))
    now = f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond // 1_000:03d}"
    fields = [(tag, value.format(n=number, now=now)) for tag, value in FIX_SEEDS[kind]]
    for _ in range(chance.choice((0, 1, 1, 1, 2, 4))):
        _change_fields(chance, fields)
    told = kind.partition("/")[0] if chance.random() < 0.95 else chance.choice(TYPES)
    return told, fields


def fix_message(chance, number, *, sender, target, at=None):
    """Return the bytes of a message on a session; most have a header that fits and a checksum."""
    at = datetime.now(UTC) if at is None else at
    kind, fields = fix_fields(chance, number, at)
    now = f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond // 1_000:03d}"
    head = [("35", kind), ("34", str(number)), ("49", sender), ("52", now), ("56", target)]
    if chance.random() < 0.05:
        _change_fields(chance, head)
    inside = b"".join(_bytes(f"{tag}={value}") + SOH for tag, value in (*head, *fields))
    begin = b"8=FIX.4.4" if chance.random() < 0.99 else chance.choice((b"8=FIX.9.9", b"8=", b"9=1"))
    whole = begin + SOH + b"9=%d" % len(inside) + SOH + inside
    whole += b"10=%03d" % (sum(whole) % 256) + SOH
    return whole if chance.random() < 0.85 else changed_bytes(chance, whole)


def changed_bytes(chance, data):
    """Return bytes with a few of them other, gone, doubled, or more."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(5):
            case 0 if at < len(found):
                found[at] ^= 1 << chance.randrange(8)
            case 1:
                del found[at : at + chance.choice((1, 2, 10, 100))]
            case 2:
                found[at:at] = found[at : at + chance.choice((1, 10, 100))]
            case 3:
                found[at:at] = chance.randbytes(chance.choice((1, 4, 64)))
            case _:
                found[at:at] = chance.choice((b"\x01", b"\x00", b"=", b"8=FIX.4.4\x01", b"10="))
    return bytes(found)


def json_body(chance, seeds):
    """Return a body that is nearly one of the seeds, which are values of JSON."""
    value = orjson.loads(orjson.dumps(chance.choice(seeds)))
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        value = _change_value(chance, value)
    data = _dumped(value)
    return data if chance.random() < 0.8 else changed_bytes(chance, data)


def _change_fields(chance, fields):
    at = chance.randrange(len(fields)) if fields else 0
    match chance.randrange(7):
        case 0 if fields:
            del fields[at]
        case 1 if fields:
            fields.insert(chance.randrange(len(fields) + 1), fields[at])
        case 2 if fields:
            other = chance.randrange(len(fields))
            fields[at], fields[other] = fields[other], fields[at]
        case 3 if fields:
            fields[at] = (chance.choice(TAGS), fields[at][1])
        case 4:
            fields.insert(at, (str(chance.randrange(1, 22_000)), chance.choice(NASTY)))
        case 5 if fields:
            fields[at:at] = fields[at : at + 6] * chance.choice((1, 2, 50))
        case _ if fields:
            fields[at] = (fields[at][0], chance.choice(NASTY))


def _change_value(chance, value):
    if isinstance(value, dict) and value and chance.random() < 0.85:
        return _change_entry(chance, value)
    if isinstance(value, list) and value and chance.random() < 0.7:
        at = chance.randrange(len(value))
        return [*value[:at], _change_value(chance, value[at]), *value[at + 1 :]]
    others = (
        chance.choice((None, True, False, 0, -1, 2**53, 2**63, 1.5, 1e308)),
        [value] * chance.choice((0, 1, 2, 100)),
        {"a": value},
        _deep(value, chance.choice((3, 40, 300))),
    )
    return chance.choice((*others, *[chance.choice(NASTY)] * 4))


def _change_entry(chance, value):
    name = chance.choice(sorted(value))
    match chance.randrange(5):
        case 0:
            return {key: each for key, each in value.items() if key != name}
        case 1:
            other = chance.choice(("x", "by", "client", "__proto__", name.upper()))
            return {**value, other: value[name]}
        case _:
            return {**value, name: _change_value(chance, value[name])}


def _deep(value, depth):
    for _ in range(depth):
        value = [value]
    return value


def _dumped(value):
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):  # a lone surrogate, or deeper than it goes
        return b"[" * 2_000 + b"]" * 2_000


def _bytes(text):
    return text.encode("utf-8", "surrogateescape")
