"""The engine's scene with controls: one order told through it, and all that it was told back."""

from dataclasses import dataclass, field, replace

from router.domain.command import SignChild, SolveRoute, TellFinding
from router.domain.controls import ControlLimits, ControlRules
from router.domain.event import MarketObserved, ParentSubmitted, RouteSolved
from router.domain.price import PriceGuardRules
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.units import Amount, DurationNs, Pips
from tests.unit.engine.scene import (
    DOLLAR,
    LIMITS,
    PERP,
    POOL,
    STARTED,
    USDC,
    Driver,
    order,
    plan,
)

S = 10**9
PLENTY = (Amount(USDC.id, 10**9 * DOLLAR),)
# Of what the firm must name, more than anything here asks for.
FREE = ControlLimits(
    scope=FIRM,
    order_notional_max=PLENTY,
    open_notional_max=PLENTY,
    position_notional_max=PLENTY,
    daily_notional_max=PLENTY,
    daily_loss_max=PLENTY,
    gas_hour_max_wei=10**20,
    gas_day_max_wei=10**20,
)
SOURCES = PriceGuardRules(
    sources_min=2,
    age_max=DurationNs(3_600 * S),
    pool_age_max=DurationNs(3_600 * S),
    soft_pips=Pips(5_000),
    hard_pips=Pips(20_000),
    jump_max_pips=Pips(50_000),
)
BOTH = ((PERP, 4), (POOL, 6))
VENUE = Scope(ScopeKind.VENUE, PERP.venue)
CHAIN_VENUE = Scope(ScopeKind.VENUE, POOL.venue)
STRATEGY = Scope(ScopeKind.STRATEGY, "default")


def firm(**limits):
    """Make rules of the firm alone."""
    return ControlRules((replace(FREE, **limits),))


def beside(scope, **limits):
    """Make rules of another scope beside a firm that allows everything."""
    return ControlRules((FREE, ControlLimits(scope, **limits)))


def usdc(dollars):
    return (Amount(USDC.id, int(dollars * DOLLAR)),)


@dataclass
class Desk(Driver):
    """A driver that keeps every command, and stops an order where it is refused."""

    told: list = field(default_factory=list)

    def feed(self, event):
        commands = super().feed(event)
        self.told.extend(commands)
        return commands

    def begin(self, rules, **limits):
        changed = replace(LIMITS, controls=rules, price_guard=SOURCES, **limits)
        self.feed(replace(STARTED, limits=changed))
        self.reconcile()
        return self

    def tell(self, asked, parts=BOTH, *, seen=None, change=lambda made: made):
        """Bring an order to its signatures, and return them; nothing where it was refused."""
        self.feed(ParentSubmitted(asked, self.tick()))
        return self.plan(asked, parts, seen=seen, change=change)

    def plan(self, asked, parts=BOTH, *, seen=None, change=lambda made: made):
        self.feed(MarketObserved(asked.id, seen or self.seen(), self.tick()))
        problems = [c.problem for c in self.commands if isinstance(c, SolveRoute)]
        if not problems:
            return []
        made = change(plan(problems[0], *parts))
        self.feed(RouteSolved(asked.id, made, self.tick()))
        return [c.child for c in self.commands if isinstance(c, SignChild)]

    @property
    def findings(self):
        return [c.finding for c in self.told if isinstance(c, TellFinding)]


def desk(rules, **limits):
    return Desk().begin(rules, **limits)


def passes(rules, asked=None, parts=BOTH, **how):
    """Tell whether an order is sent; and that nothing was found, if it is."""
    made = desk(rules)
    children = made.tell(asked or order(), parts, **how)
    assert not (children and made.findings)
    return bool(children)


def found(rules, asked=None, parts=BOTH, **how):
    """Return what the one control found that refused an order."""
    made = desk(rules)
    assert made.tell(asked or order(), parts, **how) == []
    (finding,) = made.findings
    return finding


def costing(impact):
    """Return a change that makes every leg of a plan cost so much by its impact."""

    def change(made):
        legs = tuple(replace(x, cost=replace(x.cost, impact=impact)) for x in made.legs)
        return replace(made, legs=legs)

    return change
