"""Selections as one scaled problem: curves, what each order asks for, and the rows of all accounts.

Several orders share their accounts' rooms: a basket, or the two legs of a hedge. Refuses orders
that would trade one instrument twice.
"""

from collections.abc import Iterable, Iterator, Sequence

from router.domain.error import OrderError
from router.domain.instrument import Asset
from router.domain.margin import MarginAccount
from router.domain.plan import BookCandidate, PoolCandidate, QuantityKind, RoutingProblem
from router.domain.units import PICO_PER_UNIT, AccountId, AssetId, InstrumentId, Side
from router.liquidity.curve import CostCurve
from router.optimiser.convex.parts import reduces_only
from router.optimiser.convex.scaled import CashRow, Demand, ScaledCurve, ScaledProblem
from router.optimiser.market.accounts import (
    GRAIN_ATOMS,
    GRAIN_MIN,
    Member,
    account_rows,
    adds_at_most,
    jumps_of,
)
from router.optimiser.market.market import Selection

_SECONDS_PER_HOUR = 3600.0
_AMPLE = 4  # times the cash: more than any quantity costs that is tried for it


def scale(selection: Selection, quantity: float) -> ScaledProblem:
    """Write the problem of one order for `quantity` of base, [base]."""
    return scale_all([selection], [quantity])


def scale_all(selections: Sequence[Selection], quantities: Sequence[float]) -> ScaledProblem:
    """Write the problem of orders that are solved together; curves are in the orders' order.

    Of each order the chain accounts come first, then the books.
    """
    _check(selections)
    values = [q * s.market.mid for q, s in zip(quantities, selections, strict=True)]
    notional = sum(values)
    demands = [
        Demand(s.market.problem.parent, value / notional)
        for s, value in zip(selections, values, strict=True)
    ]
    curves: list[ScaledCurve] = []
    members: dict[AccountId, list[Member]] = {}
    spenders: dict[tuple[AccountId, AssetId], list[tuple[int, Selection]]] = {}
    for d, selection in enumerate(selections):
        share, market = demands[d].share, selection.market
        for account, curve in selection.chains:
            spenders.setdefault((account, _pays(selection).id), []).append((len(curves), selection))
            curves.append(
                _chain_curve(
                    account, curve, mid=market.mid, demand=d, share=share, notional=notional
                )
            )
        for book, curve in zip(market.problem.books, market.book_curves, strict=True):
            member = Member(len(curves), book, market.problem.side, market.mid)
            members.setdefault(book.instrument.account, []).append(member)
            curves.append(
                _book_curve(market.problem, member, curve, demand=d, share=share, notional=notional)
            )
    problem, accounts = selections[0].market.problem, sorted(members)
    margins = {m.account: m for s in selections for m in s.market.problem.margins}
    scaled = ScaledProblem(
        curves=tuple(curves),
        demands=tuple(demands),
        cash=tuple(
            _cash_row(key, own, notional, several=_several(spenders, key[0]))
            for key, own in sorted(spenders.items())
        ),
        accounts=tuple(
            account_rows(
                account,
                margins.get(account),
                members[account],
                scenarios=problem.scenarios,
                reservations=problem.reservations,
                curves=curves,
                notional=notional,
            )
            for account in accounts
        ),
        jumps=tuple(
            jump
            for place, account in enumerate(accounts)
            for jump in jumps_of(place, members[account], notional)
        ),
    )
    return _reduced(scaled, [margins.get(account) for account in accounts])


def carrying_rate(book: BookCandidate, problem: RoutingProblem) -> float:
    """Return expected funding and basis per mark notional of this side; positive is paid."""
    per_hour = book.funding_rate_per_hour / PICO_PER_UNIT
    hours = problem.holding_horizon_s / _SECONDS_PER_HOUR
    sign = 1.0 if problem.side is Side.BUY else -1.0
    return sign * (per_hour * hours + book.basis / PICO_PER_UNIT)


def _check(selections: Sequence[Selection]) -> None:
    problems = [s.market.problem for s in selections]
    margins = {margin for p in problems for margin in p.margins}
    chains = {chain for p in problems for chain in p.chains}
    names = [name for s in selections for name in _names(s)]
    asked = (
        (len({p.parent for p in problems}) == len(problems), "must have names of their own"),
        (len({s.market.pair.quote for s in selections}) == 1, "must have one quote asset"),
        (len({p.scenarios for p in problems}) == 1, "must state the same scenarios"),
        (len({p.reservations for p in problems}) == 1, "must state the same reservations"),
        (len({m.account for m in margins}) == len(margins), "must agree on every margin account"),
        (len({c.account for c in chains}) == len(chains), "must agree on every chain account"),
        (len(set(names)) == len(names), "may not share a pool or a book"),
        (_name_scenarios_once(problems), "must name each scenario of an account once"),
        (_has_one_mid(selections), "must state one arrival mid where they sell the same base"),
    )
    for holds, wanted in asked:
        if not holds:
            raise OrderError(f"orders planned together {wanted}")


def _names(selection: Selection) -> Iterator[InstrumentId]:
    market = selection.market
    yield from (market.pools[i].instrument.id for i in selection.pools)
    yield from (book.instrument.id for book in market.problem.books)


# Rows of a proof are told apart by the names of their scenarios.
def _name_scenarios_once(problems: Sequence[RoutingProblem]) -> bool:
    margins = {margin for problem in problems for margin in problem.margins}
    asked = [[s.name for s in (*problems[0].scenarios, *m.scenarios)] for m in margins]
    return all(len(set(names)) == len(names) for names in asked)


# Base that is sold out of one account is counted in shares of the notional: its mid tells them.
def _has_one_mid(selections: Sequence[Selection]) -> bool:
    mids = {
        (account, _pays(selection).id, selection.market.mid)
        for selection in selections
        if selection.market.problem.side is Side.SELL
        for account, _ in selection.chains
    }
    return len({(account, asset) for account, asset, _ in mids}) == len(mids)


def _reduced(scaled: ScaledProblem, margins: Sequence[MarginAccount | None]) -> ScaledProblem:
    for place, margin in enumerate(margins):
        if margin is not None and margin.reduces_only:
            scaled = reduces_only(scaled, place)
    return scaled


def _pays(selection: Selection) -> Asset:
    pair = selection.market.pair
    return pair.quote if selection.market.problem.side is Side.BUY else pair.base


def _several(spenders: Iterable[tuple[AccountId, AssetId]], account: AccountId) -> bool:
    return sum(1 for name, _ in spenders if name == account) > 1


def _chain_curve(
    account: AccountId,
    curve: CostCurve,
    *,
    mid: float,
    demand: int,
    share: float,
    notional: float,
) -> ScaledCurve:
    quantity = notional / mid
    return ScaledCurve(
        name=account,
        curve=curve,
        floor=curve,
        demand=demand,
        quantity=quantity,
        mid=mid,
        cap=min(curve.capacity / quantity, share),
        adder=0.0,
    )


def _book_curve(
    problem: RoutingProblem,
    member: Member,
    curve: CostCurve,
    *,
    demand: int,
    share: float,
    notional: float,
) -> ScaledCurve:
    quantity = notional / member.mid
    return ScaledCurve(
        name=member.book.instrument.id,
        curve=curve,
        floor=curve,
        demand=demand,
        quantity=quantity,
        mid=member.mid,
        cap=min(curve.capacity / quantity, share, adds_at_most(member, notional)),
        adder=carrying_rate(member.book, problem) * member.mark,
    )


def _cash_row(
    key: tuple[AccountId, AssetId],
    spenders: Sequence[tuple[int, Selection]],
    notional: float,
    *,
    several: bool,
) -> CashRow:
    account, asset_id = key
    selection = spenders[0][1]
    market, asset = selection.market, _pays(selection)
    problem = market.problem
    spendable = next((c.spendable for c in problem.chains if c.account == account), ())
    atoms = sum(a.atoms for a in spendable if a.asset == asset_id)
    atoms -= sum(
        r.amount.atoms
        for r in problem.reservations
        if r.account == account and r.amount.asset == asset_id
    )
    atoms = max(atoms, 0)  # legs in flight may take more than is left; an order may still pass by
    pays_quote = problem.side is Side.BUY
    if pays_quote and all(s.market.problem.kind is QuantityKind.CASH for _, s in spenders):
        # Where an account has all the cash they fix, orders never ask more of it than that.
        fixed = sum(s.market.problem.quantity.atoms for _, s in spenders)
        atoms = max(atoms, _AMPLE * fixed) if atoms >= fixed else atoms
    whole = notional if pays_quote else notional / market.mid
    atom = 10.0**-asset.decimals / whole
    # Base that is sold leaves the account exactly as planned; cash is known by float quotes.
    grain = 0.0
    if pays_quote:
        middle = sum(_middle_atoms(s, account) for _, s in spenders)
        grain = max(GRAIN_ATOMS * (1.0 + middle) * atom, GRAIN_MIN)
    return CashRow(
        name=f"cash:{account}:{asset_id}" if several else f"cash:{account}",
        members=tuple(c for c, _ in spenders),
        pays_quote=pays_quote,
        room=atoms * atom,
        grain=grain,
    )


# What an atom of each middle asset is worth, [quote atoms], where what is bought rounds up to it.
def _middle_atoms(selection: Selection, account: AccountId) -> float:
    if selection.market.problem.kind is QuantityKind.CASH:
        return 0.0
    ways = (s.way for s in selection.of(account) if not isinstance(s.way, PoolCandidate))
    return sum(way.middle_atom for way in ways)
