"""The rules of engagement, as a document for those who connect. Generated of the tables themselves.

What a table of the translation says is taken from there; the sentences are ours to keep true.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from router.gateway.algo_registry import ALGOS, AlgoSpec, Parameter
from router.gateway.fix.execution import OF_OURS
from router.gateway.fix.fields import fields
from router.gateway.fix.inbound import ALLOWED, SINCE_44
from router.gateway.fix.order_fields import UNSUPPORTED
from router.gateway.fix.parameters import OF_ORDERS
from router.gateway.fix.specification import UDF_FROM, messages

_ANSWERS: Final[tuple[tuple[str, str], ...]] = (
    ("D", "8; refused 8 with 150=8 and 103"),
    ("G", "8 with 150=E, then 5; refused 9 with 434=2"),
    ("F", "8 with 150=6, then 4; refused 9 with 434=1"),
    ("H", "8 with 150=I and 17=0; unknown: 37=NONE, 39=8, 103=5"),
    ("AF", "8 for each open order with 911, the last with 912=Y; none: one with 911=0"),
    ("q", "r with 533, then each order's own 8; refused r with 531=0"),
    ("E", "N, then each order's own 8; refused N with 431=7"),
    ("K", "N with 431=4"),
    ("R", "S; refused AG with 658"),
    ("V", "W; refused Y with 281"),
    ("AN", "AO, then one AP for each account and pair"),
    ("x", "y"),
)
_OF_THE_MOMENT: Final = "Quotes, books, positions and securities are of the moment"
OF_THE_MOMENT: Final = ("R", "V", "AN", "x")  # whose answers are not kept for who is away
_SENTENCES: Final = f"""\
- Symbols are pairs, ETH/USDC. Quantities and prices have at most 18 decimals, no exponent.
- A ClOrdID is 1 to 64 letters, digits, dots, dashes, and stands for one thing for good: an
  order, a cancel or a replacement. A second use is refused with 103=6 or 102=6 and touches
  nothing. Names that begin with {OF_OURS} are ours.
- With PossResend(97)=Y an order that is known is answered with where it stands (150=I); another
  order of that name is refused with 103=6.
- A BusinessMessageReject with 380=4 does not say that nothing was done: send it again with
  97=Y, or ask with H.
- 58 of a refusal does not tell what the desk's accounts hold, nor how much of a limit others have
  used.
- TimeInForce: 0 until the session's day ends (also where there is none), 1 for 24 hours, 3, 4
  (one chain's venue in 100), 6 with 126 or 432. A limit order that is not 3 or 4 waits for its
  price; with 847=1000 it takes what there is and gives back the rest.
- CashOrderQty(152), or OrderQty(38) in the quote currency (15), trades that much cash: then 151
  is cash as well, 14, 32 and 6 are of the base, 20101 to 20103 are cash.
- A replacement may change 38, 44, 126 or 432 and MaxSlippageBps; it repeats 55, 54 and 40, and
  59, 100 and 847 if it says them, and names the order by its name now. A cancel may name it by any
  name it has had.
- One request of an order is taken at a time, others are refused with 102=3. After a transaction
  was broadcast a cancel is best effort: 6, then 4, or the fill and 9 with 102=0.
- A mass cancel counts in 533 what it cancels; an order with a request under way goes on, and 58 of
  the r says how many do: ask again.
- Only final fills are reported. One that is taken back all the same is 150=H, or G with what it
  was instead, with 19. An order that had ended as filled then stands as 39=4.
- What others ask of your order (the desk, another door, cancel on disconnect) has 11 as your
  order's name and no 41; other terms are 150=D with 378=4.
- HeartBtInt(108) is 1 to the seconds agreed for the session (30 where nothing else is); a Logon
  that asks for more, or for none, is hung up on.
- Cancel on disconnect ends the orders that came by the session, not others of its accounts.
- An order, list or replacement that comes as PossDup(43) 10 s after it was first sent, and was
  not taken then, is refused; a cancel never is.
- The orders of a list are named by it: 11 is 66, a dot and 67. They are for one account, planned
  together, and each ends as its own 59, 126 or 432 says; 59=3 and 4 are refused.
- EffectiveTime(168) is for algos that may begin later; elsewhere one ahead is refused.
- {_OF_THE_MOMENT}: what {", ".join(OF_THE_MOMENT[:-1])} and {OF_THE_MOMENT[-1]} ask is answered on
  the connection that it came by, or not at all. What is unanswered when that ends is not answered
  later: ask again.
- What ResendRequest(2) asks for comes in pieces, with new messages between them; of two requests
  the later one counts. A request of many may be answered by several gap fills.
- A session has so many messages a second, and as many cancels besides. What is too much is refused
  with THROTTLE in 58, and was not done.
- A drop copy is told what order entry is told, with 797=Y since 4.4, and nothing of child orders.
- Not spoken: market data by increments (X), only whole books (W); trade capture (AE), trades are 8
  with 150=F; the status of quotes (AI), they end by 62.
- What is quoted with 537=1 is executed by D with 40=D and 117 until 62, else 103=8. 55, 54, and 38
  or 152 must be the quote's; 44 is not read: DriftMaxBps(20006) says how much dearer it may be."""
_REJECTS: Final = (
    ("103=1", "the pair is not configured"),
    ("103=2", "outside the hours that are configured"),
    ("103=3", "a limit or a control says no; its code is in 20104 and begins the text"),
    ("103=4", "the time to expire has passed, or is more than a day ahead"),
    ("103=6", "the ClOrdID is used"),
    ("103=8", "the quote has expired, or no venue's state is fresh"),
    ("103=11", "a field that is not supported, a parameter of another algo, a wrong value"),
    ("103=13", "the quantity"),
    ("103=15", "the account is not the session's"),
    ("103=0, 99", "see the text"),
    ("102=0", "too late: the order has filled or ended"),
    ("102=1", "there is no such order, or the name was replaced"),
    ("102=3", "another request is under way"),
    ("102=6", "the ClOrdID is used"),
    ("102=2, 99", "see the text"),
    ("380=3", "the message is not supported in this dialect"),
    ("380=4", "no answer from the desk: it may have been done"),
    ("380=6", "a session of this kind may not send it"),
    ("658=1, 3, 6, 8", "pair, limit, account, no plan satisfies it"),
    ("281=2", "no book now, or more than 128 subscriptions"),
    ("281=0, 5, 6, 8", "pair, depth, updates, entries"),
)


def rules_markdown() -> str:
    """Return the document."""
    sections = (
        ("Messages", _messages()),
        ("What holds", _SENTENCES.splitlines()),
        ("Not supported in orders", (f"- {name} ({tag})" for tag, name in UNSUPPORTED.items())),
        ("Algos", (line for algo in ALGOS for line in _algo(algo))),
        ("Parameters of every order", _of_orders()),
        ("Reasons", _table(("code", "why"), _REJECTS)),
        ("Fields of our own", _own_fields()),
    )
    lines = ["# FIX: rules of engagement"]
    for title, section in sections:
        lines += ["", f"## {title}", "", *section]
    return "\n".join(lines) + "\n"


def _messages() -> Iterator[str]:
    rows = []
    for kind, answer in _ANSWERS:
        takers = ", ".join(name for name, kinds in ALLOWED.items() if kind in kinds)
        since = "4.4" if kind in SINCE_44 else "4.2"
        rows.append((f"{messages('44')[kind].name} {kind}", since, takers, answer))
    return _table(("message", "since", "sessions", "answers"), rows)


def _algo(algo: AlgoSpec) -> Iterator[str]:
    yield f"### {algo.label}, 847={algo.wire}"
    yield ""
    yield algo.text
    yield ""
    rows = [
        (p.label, str(p.tag), p.unit, _bounds(p), p.default or "required", p.text)
        for p in algo.parameters
    ]
    if rows:
        yield from _table(("958", "or field", "unit", "bounds", "default", "meaning"), rows)
        yield ""


def _bounds(parameter: Parameter) -> str:
    least, most = parameter.least, parameter.most
    return f"{least or ''} to {most}" if most is not None else f"at least {least}"


def _of_orders() -> Iterator[str]:
    rows = [(p.label, str(p.tag), p.unit, p.text) for p in OF_ORDERS]
    return _table(("958", "or field", "unit", "meaning"), rows)


def _own_fields() -> Iterator[str]:
    known = fields("44")
    rows = [(str(tag), known[tag].name, known[tag].type) for tag in sorted(known)]
    return _table(("field", "name", "type"), [row for row in rows if int(row[0]) >= UDF_FROM])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
