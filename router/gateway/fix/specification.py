"""Which messages each dialect has, and of what fields and groups: one table for all of them.

The session engine's dictionary, the customers' and the translation come of it. It says what may
stand in a message, not what we make of it. Facts of the FIX Trading Community's specifications
(FIX 4.2, 4.4, FIXT 1.1 with 5.0 SP2), restricted to what we speak; our extensions are said below.

A token is a tag; ``!`` after it makes it required; ``/42`` or ``/44,50`` restricts it to dialects;
a group is ``count( first others )``; a name with ``@`` stands for a block.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Dialect: TypeAlias = Literal["42", "44", "50"]
DIALECTS: Final[tuple[Dialect, ...]] = ("42", "44", "50")
DIALECT_OF: Final[Mapping[str, Dialect]] = {"FIX.4.2": "42", "FIX.4.4": "44", "FIXT.1.1": "50"}
UDF_FROM: Final = 20_000  # fields of our own; see `tags`

_BLOCKS: Final[Mapping[str, str]] = {
    "instrument": "55! @instrument_rest",
    "instrument_free": "55 @instrument_rest",
    "instrument_rest": "65 48 22 460/44,50 461/44,50 167 762/44,50 200 541/44,50 201 202 206 207"
    " 106 107 454/44,50( 455 456 )",
    "parties": "453/44,50( 448 447 452 802( 523 803 ) )",
    "text": "58 354 355",
    "quantity": "38 152 516/44,50 468/44,50 469/44,50",
    # Strategy parameters are of FIX 5.0; in the older dialects they are an extension in common use.
    "strategy": "847 848 849 957( 958 959 960 )",
    # Ours: what an order may say about its algorithm where the group of parameters is not used.
    "algo": "20001 20002 20003 20004 20006 20007 20008 20009 20010 20011 20012 20013 20014"
    " 20015 20016 20017 20018 20019",
    "terms": "63 64 21/44,50 21!/42 18 110 111 100 386( 336 625/44,50 ) 81 99 15 23 117 59 168 432"
    " 126 427 12 13 47/42 528/44,50 529/44,50 582/44,50 121 120 775/44,50 77 203 204/42 210 211"
    " 388 389 423/44,50 376 377 114 582/44,50 109/42 76/42 581/44,50 660/44,50 589/44,50 590/44,50"
    " 591/44,50 483/44,50 140 1028/50 1091/50",
    "trade_date": "229/44,50 75/44,50 526/44,50 583/44,50",
    "order": "@trade_date @parties 1 78( 79 80 ) @terms @instrument 54! 60! @quantity 40! 44"
    " @strategy @algo @text",
}

_HEADER: Final = (
    "8! 9! 35! 1128/50 1156/50 1129/50 49! 56! 115 128 90 91 34! 50 142 57 143 116 144 129 145 43"
    " 97 52! 122 212 213 347 369 370/42 627/44,50( 628 629 630 )"
)
_TRAILER: Final = "93 89 10!"

_ADMIN: Final = """
Heartbeat 0: 112
TestRequest 1: 112!
ResendRequest 2: 7! 16!
Reject 3: 45! 371 372 1130/50 1131/50 373 @text
SequenceReset 4: 123 36!
Logout 5: @text 1409/50
Logon A: 98! 108! 95 96 141 789/44,50 383 384/42,44( 372 385 ) 464/44,50 553/44,50 554/44,50
 925/50 1137!/50 1400/50 1401/50 1402/50 1403/50 1404/50 1407/50 1408/50 1409/50 @text/50
"""

_APPLICATION: Final = """
NewOrderSingle D: 11! @order
OrderCancelReplaceRequest G: 37 41! 11! 66 586/44,50 @order
OrderCancelRequest F: 41! 37 11! @trade_date 66 586/44,50 1 660/44,50 581/44,50 @parties
 @instrument 54! 60! @quantity 376 377 109/42 76/42 @text
OrderStatusRequest H: 37 11! 526/44,50 583/44,50 @parties 790/44,50 1 660/44,50 581/44,50
 @instrument 54! 109/42 76/42
OrderMassStatusRequest/44,50 AF: 584! 585! @parties 1 660 581 336 625 @instrument_free 54
OrderMassCancelRequest/44,50 q: 11! 526 530! 1/50 @parties/50 336 625 @instrument_free 54 60! @text
OrderMassCancelReport/44,50 r: 11 526 37! 1369/50 198 530! 531! 532 533 534( 41 535 536 ) 1/50
 @parties/50 336 625 @instrument_free 54 60 @text
NewOrderList E: 66! 390 391 414 394! 415 480/44,50 481/44,50 433 69 352 353 765/44,50 68! 893/44,50
 73!( 11! 67! 160 @trade_date @parties 1 78( 79 80 ) 63 64 21 18 110 111 100 386( 336 625/44,50 )
 81 @instrument 140 54! 401 114 60 @quantity 40 44 99 15 376 377 23 117 59 168 432 126 427 12 13
 528/44,50 529/44,50 582/44,50 121 120 775/44,50 77 203 210 211 388 389 581/44,50 660/44,50
 589/44,50 590/44,50 591/44,50 @strategy @algo @text )
ListCancelRequest K: 66! 60! 229/44,50 75/44,50 @text
ListStatusRequest M: 66! @text
ListStatus N: 66! 429! 82! 431! 83! 444 445 446 60 68! 893/44,50
 73!( 11! 526/44,50 14! 39! 636/44,50 151! 84! 6! 103 @text )
ExecutionReport 8: 37! 198 526/44,50 527/44,50 11 41 583/44,50 693/44,50 790/44,50 584/44,50
 911/44,50 912/44,50 @parties 229/44,50 66 17! 19 20!/42 150! 39! 636/44,50 103 378 1 660/44,50
 581/44,50 589/44,50 63 64 @instrument 54! @quantity 40 44 99 211 388 389 @strategy @algo 15 376
 377 59 168 432 126 18 528/44,50 529/44,50 582/44,50 32 31 669/44,50 194 195 30 336 625/44,50 29
 151! 14! 6! 424 425 426 427 75 60 113 12 13 381 119 120 155 156 21 110 111 77 210 797/44,50
 851/44,50 880/50 1057/50 136/44,50( 137 138 139 891 ) 382( 375 337 437 438 ) 109/42 76/42 47/42
 20101 20102 20103 20104 @text
OrderCancelReject 9: 37! 198 526/44,50 11! 583/44,50 41! 39! 636/44,50 586/44,50 66 1 660/44,50
 581/44,50 229/44,50 75/44,50 60 434! 102 109/42 76/42 20104 @text
QuoteRequest R: 131! 644/44,50 11/44,50 528/44,50
 146!( @instrument 140 303 537/44,50 336 625/44,50 229/44,50 54 854/44,50 @quantity 63/44,50 64 193
 192 15 1/44,50 660/44,50 581/44,50 735/44,50( 695 ) 692/44,50 40 62/44,50 126 60 423/44,50
 44/44,50 @parties @strategy @algo ) @text
Quote S: 131 117! 693/44,50 537/44,50 301 @parties 336 625/44,50 @instrument 54 @quantity 63 64 193
 192 15 1 660/44,50 581/44,50 132 133 645/44,50 646/44,50 134 135 62 188 190 189 191 631/44,50
 632/44,50 633/44,50 634/44,50 60 40 12 13 582/44,50 100 528/44,50 423/44,50 735/44,50( 695 )
 20201 20202 20203 20204 20205 20206 20207 20208 20209 20210 20211 20212
 20220( 20221 20222 20223 20224 ) @text
QuoteRequestReject/44,50 AG: 131! 644 658!
 146!( @instrument 140 303 537 336 625 229 54 854 @quantity 63 64 193 192 15 1 660 581 40 126 60
 423 44 @parties ) @text
QuoteCancel Z: 131 117! 298! 301 @parties 1 660/44,50 581/44,50 336 625/44,50
 295( @instrument_free )
QuoteStatusReport/44,50 AI: 649 131 117! 693 537 @parties 336 625 @instrument 54 @quantity 63 64 15
 1 660 581 126 44 132 133 134 135 62 60 40 297 @text
MarketDataRequest V: 262! 263! 264! 265 266 286 546/44,50 547/44,50 267!( 269! )
 146!( @instrument 336/42 ) 386/44,50( 336 625 ) 815/44,50 812/44,50
MarketDataSnapshotFullRefresh W: 262 @instrument 291 292 387/42 451/44,50
 268!( 269! 270 15 271 272 273 274 275 336 625/44,50 276 277 282 283 284 286 59 432 126 110 18 287
 37 299 288 289 346 290 546/44,50 811/44,50 @text 20301 ) 813/44,50 814/44,50
MarketDataIncrementalRefresh X: 262
 268!( 279! 285 269 278 280 @instrument_free 291 292 270 15 271 272 273 274 275 336 625/44,50 276
 277 282 283 284 286 59 432 126 110 18 287 37 299 288 289 346 290 546/44,50 811/44,50 @text 20301 )
 813/44,50 814/44,50
MarketDataRequestReject Y: 262! 281 816/44,50( 817 ) @text
RequestForPositions/44,50 AN: 710! 724! 573 263 @parties 1! 660 581! @instrument_free 15 715! 716
 717 386( 336 625 ) 60! 725 726 @text
RequestForPositionsAck/44,50 AO: 721! 710 727 325 728! 729! @parties 1! 660 581! @instrument_free
 15 725 726 @text
PositionReport/44,50 AP: 721! 710 724 263 727 325 728! 715! 716 717 @parties 1! 660 581!
 @instrument_free 15 730! 731! 734! 702( 703 704 705 706 ) 753( 707 708 ) 506 743 20401 @text
SecurityListRequest/44,50 x: 320! 559! @instrument_free 15 @text 336 625 263
SecurityList/44,50 y: 320! 322! 560! 393 893
 146( @instrument_free 15 561 562 336 625 827 @text 20501 )
News B: 42 61 148! 358 359 215/44,50( 216 217 ) 146( @instrument_free ) 33!( 58! 354 355 ) 149 95 96
BusinessMessageReject j: 45 372! 379 380! @text
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A field's place in a message: required or not, and the fields of the group that it counts."""

    tag: int
    is_required: bool
    group: tuple["Entry", ...] = ()


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """A message of a dialect."""

    name: str
    type: str
    is_admin: bool
    entries: tuple[Entry, ...]


@functools.cache
def messages(dialect: Dialect) -> Mapping[str, MessageSpec]:
    """Return the messages of a dialect by MsgType; of FIXT 1.1 and 5.0 SP2 together."""
    found: dict[str, MessageSpec] = {}
    for text, is_admin in ((_ADMIN, True), (_APPLICATION, False)):
        for head, body in _lines(text):
            name, kind = head.split()
            name, _, only = name.partition("/")
            if _is_in(only, dialect):
                found[kind] = MessageSpec(name, kind, is_admin, _entries(body, dialect))
    return found


@functools.cache
def header(dialect: Dialect) -> tuple[Entry, ...]:
    """Return the standard header."""
    return _entries(_HEADER, dialect)


@functools.cache
def trailer(dialect: Dialect) -> tuple[Entry, ...]:
    """Return the standard trailer."""
    return _entries(_TRAILER, dialect)


@functools.cache
def groups(dialect: Dialect, kind: str) -> Mapping[int, tuple[Entry, ...]]:
    """Return the groups of a message, nested ones too, by the field that counts them."""
    found: dict[int, tuple[Entry, ...]] = {}
    waiting = list(messages(dialect)[kind].entries)
    while waiting:
        entry = waiting.pop()
        if entry.group:
            found[entry.tag] = entry.group
            waiting.extend(entry.group)
    return found


# A message begins at a line's first column and goes on in the lines that begin with a space.
def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.strip().replace("\n ", " ").splitlines():
        head, _, body = line.partition(":")
        yield head, body


def _entries(text: str, dialect: Dialect) -> tuple[Entry, ...]:
    tokens = text.split()
    found, at = _parsed(tokens, 0, dialect)
    assert at == len(tokens), "every group that is opened is closed"
    return found


def _parsed(tokens: list[str], at: int, dialect: Dialect) -> tuple[tuple[Entry, ...], int]:
    found: dict[int, Entry] = {}
    while at < len(tokens) and tokens[at] != ")":
        token = tokens[at]
        at += 1
        name, _, only = token.removesuffix("(").partition("/")
        inner: tuple[Entry, ...] = ()
        if token.endswith("("):
            inner, at = _parsed(tokens, at, dialect)
            at += 1
        if not _is_in(only, dialect):
            continue
        if name.startswith("@"):
            found.update((e.tag, e) for e in _entries(_BLOCKS[name[1:]], dialect))
            continue
        entry = Entry(int(name.rstrip("!")), name.endswith("!"), inner)
        found[entry.tag] = entry
    return tuple(found.values()), at


def _is_in(only: str, dialect: Dialect) -> bool:
    return not only or dialect in only.split(",")
