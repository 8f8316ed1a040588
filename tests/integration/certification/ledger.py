"""What must be true of every chain of reports, whatever the order: checked message by message.

The rules are FIX 4.4's, written down here once more and not taken from the code that makes them.
"""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

LIVE = {"A", "0", "1", "6", "E"}
ENDS = {"4", "8", "C"}
TERMINAL = {"2", *ENDS}
STATUS = "I"  # tells where an order stands, and that nothing has happened to it


@dataclass
class Chain:
    """One order, by OrderID."""

    order: str
    fills: dict = field(default_factory=dict)  # by ExecID: quantity, price
    kinds: list = field(default_factory=list)
    names: set = field(default_factory=set)
    status: str = ""

    @property
    def cumulative(self):
        return sum((quantity for quantity, _ in self.fills.values()), Decimal(0))


class Ledger:
    """All orders of a session, and what is wrong with what was told of them."""

    def __init__(self):
        self.chains = {}
        self.faults = []
        self.executions = Counter()

    def take(self, message):
        """Take an execution report in the order of its session."""
        if message.kind != "8" or message[37] == "NONE":
            return
        chain = self.chains.setdefault(message[37], Chain(message[37]))
        is_status = message[150] == STATUS
        if is_status:
            self._check(message[17] == "0", "a status has no execution of its own", message)
            self._check_quantities(chain, message)
            return
        self.executions[message[17]] += 1
        self._check(self.executions[message[17]] == 1, "its ExecID was used before", message)
        chain.names.add(message[11])
        self._apply(chain, message)
        self._check_state(chain, message)
        chain.status = message[39]
        chain.kinds.append(
            message[150] if message[150] in ENDS else f"{message[150]}/{message[39]}"
        )
        self._check_quantities(chain, message)

    def _apply(self, chain, message):
        if message[150] in {"H", "G"}:
            known = chain.fills.pop(message[19], None)
            self._check(known is not None, "it takes back what was never told", message)
        if message[150] in {"F", "G"}:
            chain.fills[message[17]] = (Decimal(message[32]), Decimal(message[31]))

    def _check_state(self, chain, message):
        is_over = chain.status in TERMINAL
        is_voided = message[150] in {"H", "G"}
        self._check(not is_over or is_voided, "it has ended", message)
        if message[150] in {"4", "8", "C"}:
            self._check(message[39] == message[150], "the state is not what happened", message)

    def _check_quantities(self, chain, message):
        done, left = Decimal(message[14]), Decimal(message[151])
        self._check(done == chain.cumulative, f"{chain.cumulative} has filled", message)
        if message[39] in ENDS:
            self._check(left == 0, "nothing is left of what has ended", message)
        else:
            self._check(left == Decimal(message[38]) - done, "151 is not 38 - 14", message)
        if message[39] == "2":
            self._check(left == 0, "filled, and something is left", message)
        if message[39] in {"0", "A"}:
            self._check(done == 0, "new, and something has filled", message)
        if done and chain.cumulative:
            self._check_average(chain, message)

    # Eight decimals, rounded against the order: so half a cent of a cent may be off, no more.
    def _check_average(self, chain, message):
        cash = sum((q * p for q, p in chain.fills.values()), Decimal(0))
        off = abs(Decimal(message[6]) - cash / chain.cumulative)
        self._check(off <= Decimal("0.00000002"), "the average is not of these fills", message)

    def _check(self, holds, fault, message):
        if not holds:
            self.faults.append(f"{fault}: {message}")
