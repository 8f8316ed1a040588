"""What a plan sends when, what is at stake meanwhile, and what is done if a part of it fails. Pure.

Derived from the plan alone, so it is the same wherever the plan is: in a quote, in the story of an
order, in a replay of the journal. It says what the engine does; it decides nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from router.domain.instrument import STAGES, InstrumentKind
from router.domain.plan import Leg, RoutePlan
from router.domain.units import Amount, InstrumentId, Side, format_decimal

_PERP_STAGE = STAGES[InstrumentKind.PERP_BOOK]


@dataclass(frozen=True, slots=True)
class Sending:
    """Legs that go out together.

    Attributes
    ----------
    transactions : int
        How many outcomes they have: legs of one transaction happen all, or none.
    exposed : Amount
        Worth of what is out with them: it may happen or not, and is known only afterwards.
    waiting : Amount
        Worth of what waits behind them, at prices that move on.
    why : str
        Why they go before those behind them.
    """

    instruments: tuple[InstrumentId, ...]
    transactions: int
    exposed: Amount
    waiting: Amount
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A way in which not all happens as planned, and what is done then."""

    what: str
    then: str


@dataclass(frozen=True, slots=True)
class Contingency:
    """The order of sending, and a plan for each partial outcome."""

    sendings: tuple[Sending, ...]
    outcomes: tuple[Outcome, ...]
    decimals: int

    def lines(self) -> tuple[str, ...]:
        """Say it for a person, a sentence a line."""
        return (*self._sendings(), *(f"if {each.what}: {each.then}" for each in self.outcomes))

    def _sendings(self) -> Iterator[str]:
        for place, each in enumerate(self.sendings, 1):
            names = ", ".join(each.instruments)
            yield (
                f"sent {place} of {len(self.sendings)}: {names}; {self._show(each.exposed)} out in"
                f" {each.transactions}, {self._show(each.waiting)} behind them ({each.why})"
            )

    def _show(self, amount: Amount) -> str:
        return f"{format_decimal(amount.atoms, self.decimals)} {amount.asset}"


def contingency(
    plans: RoutePlan | Sequence[RoutePlan],
    *,
    bound: bool = False,
    exposure_max: Amount | None = None,
) -> Contingency:
    """Return the contingency of a plan, or of the plans of a basket.

    Parameters
    ----------
    bound : bool
        Whether the order is bound to a quote: then nothing is planned otherwise.
    exposure_max : Amount | None
        Of a basket: how far one side may be ahead of the other.
    """
    several = (plans,) if isinstance(plans, RoutePlan) else tuple(plans)
    legs = tuple(leg for plan in several for leg in plan.legs)
    stages = sorted({STAGES[leg.instrument.kind] for leg in legs})
    return Contingency(
        sendings=tuple(_sending(legs, stage) for stage in stages),
        outcomes=tuple(_outcomes(legs, _rest(bound=bound), exposure_max=exposure_max)),
        decimals=legs[0].instrument.quote.decimals if legs else 0,
    )


def _sending(legs: Sequence[Leg], stage: int) -> Sending:
    now = [leg for leg in legs if STAGES[leg.instrument.kind] == stage]
    later = [leg for leg in legs if STAGES[leg.instrument.kind] > stage]
    if not later:
        why = "nothing waits for them"
    else:
        why = "least certain first: a book may fill in part, a transaction does all or nothing"
    return Sending(
        instruments=tuple(leg.instrument.id for leg in now),
        transactions=_transactions(now),
        exposed=_worth(now, legs),
        waiting=_worth(later, legs),
        why=why,
    )


# Legs of one account and router are one transaction; each leg in a book is an order of its own.
def _transactions(legs: Sequence[Leg]) -> int:
    together = {(g.instrument.account, g.instrument.router) for g in legs if _on_chain(g)}
    return len(together) + sum(not _on_chain(leg) for leg in legs)


def _worth(legs: Sequence[Leg], all_legs: Sequence[Leg]) -> Amount:
    return Amount(all_legs[0].instrument.quote.id, sum(leg.notional.atoms for leg in legs))


def _rest(*, bound: bool) -> str:
    if bound:
        return "what it leaves is given back, for a quote is planned nowhere else"
    return (
        "the rest is planned anew on fresh state over all venues that are left, within the order's"
        " own limits, rounds and deadline, and what finds no route is given back"
    )


def _outcomes(legs: Sequence[Leg], rest: str, *, exposure_max: Amount | None) -> Iterator[Outcome]:
    perps = any(not _on_chain(leg) for leg in legs)
    chains = any(_on_chain(leg) for leg in legs)
    if perps:
        yield Outcome("a perp order fills in part", f"what filled is kept; {rest}")
        yield Outcome("a perp order is rejected", f"nothing is owed for it; {rest}")
    if chains:
        yield Outcome("a transaction reverts", f"all its legs did nothing but use gas; {rest}")
        yield Outcome(
            "a transaction is stuck",
            "it is sent again at a higher price under the same nonce, or its nonce is used up by"
            " one that does nothing; at most one of them happens",
        )
    if perps or chains:
        yield Outcome(
            "a venue falls silent",
            "it is asked by the order's own name until it says what became of it; meanwhile all"
            " that it may have taken is reserved, and no other order takes its place",
        )
    if exposure_max is not None and _sides(legs) == set(Side):
        yield Outcome(
            "one side of the basket is ahead of the other by the most it may be",
            "the side that is ahead is held back until the other has caught up",
        )
        yield Outcome(
            "the side that is behind has no route left",
            "what the other has traded beyond the most is taken back by an opposite order, never"
            " by more than has filled, and only to make a position smaller where there is one",
        )


def _sides(legs: Sequence[Leg]) -> set[Side]:
    return {leg.side for leg in legs}


def _on_chain(leg: Leg) -> bool:
    return leg.instrument.is_on_chain
