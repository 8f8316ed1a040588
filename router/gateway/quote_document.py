"""What a dry run says, typed: the one document behind the command line, HTTP and FIX.

Amounts and prices are decimal strings in whole units, atoms are whole-number strings, times are
nanoseconds since the Unix epoch as strings. Slippage is in basis points of the order's notional at
the arrival mid; positive is worse for the client.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A part of the document: no other field than these."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(Part):
    """The order as it was understood."""

    side: Literal["buy", "sell"]
    base: str
    quote: str
    quantity: str
    quantity_asset: str
    limit_price: str | None
    slippage_max_bps: float
    holding_horizon_s: int
    venues: list[str]


class Block(Part):
    """The block that a chain's pools were read at."""

    venue: str
    number: int
    hash: str
    age_ms: int


class BookPlace(Part):
    """When a book was told, by the venue's clock and by ours."""

    instrument: str
    at_venue: str
    received_at: str
    age_ms: int


class State(Part):
    """What the answer rests on.

    Attributes
    ----------
    assumed : list of str
        What was not read but assumed.
    """

    at: str
    source: Literal["live", "desk", "snapshot"]
    blocks: list[Block]
    books: list[BookPlace]
    assumed: list[str]


class Causes(Part):
    """Where slippage comes from; they add up to the total, basis being a part of impact."""

    impact_bps: float
    of_which_basis_bps: float
    fees_bps: float
    gas_bps: float
    funding_bps: float


class Band(Part):
    """Where the total will lie by the time the order is executed.

    Attributes
    ----------
    level_pct : int
        How often it lies inside, by the method.
    drift_bps : float | None
        One standard deviation of the state's drift until inclusion; null where nothing is known
        of it, and the band is of the configured scenarios alone.
    inclusion_s : float | None
        Seconds until execution that were reckoned with; null for what is usual.
    observed_moves : int
        The fewest moves that the drift of one of the legs' markets was reckoned from.
    """

    level_pct: int
    low_bps: float
    expected_bps: float
    high_bps: float
    drift_bps: float | None
    inclusion_s: float | None
    observed_moves: int
    scenarios: int
    states: str


class LegPart(Part):
    """One leg's part of the order, and why it costs what it does."""

    instrument: str
    quantity: str
    notional: str
    share_pct: float
    slippage_bps: float
    causes: Causes


class Slippage(Part):
    """What the order is expected to cost.

    Attributes
    ----------
    total_bps : float
        Of all causes.
    execution_bps : float
        Without funding, which falls due while the position is held and not when it is traded.
    cost : str
        The total in the quote asset.
    """

    arrival_mid: str
    total_bps: float
    execution_bps: float
    cost: str
    causes: Causes
    band: Band
    legs: list[LegPart]


class Alternative(Part):
    """What another way of trading the same order costs at the same moment.

    Attributes
    ----------
    slippage_bps : float | None
        As if neither limit price, cash nor margin bound it; null where the markets hold too little.
    is_allowed : bool
        Whether they allow it.
    worse_by_bps : float | None
        Than the plan.
    """

    method: str
    slippage_bps: float | None
    worse_by_bps: float | None
    is_allowed: bool
    instruments: list[str]


class Single(Part):
    """The whole order at one instrument, within all limits; null where it does not fit."""

    instrument: str
    slippage_bps: float | None


class Standing(Part):
    """How a perp account stands."""

    equity: str
    initial: str
    maintenance: str


class ScenarioEffect(Part):
    """What a scenario leaves of an account above maintenance and buffer."""

    scenario: str
    before: str
    after: str


class MarginEffect(Part):
    """What the order does to a perp account.

    Attributes
    ----------
    worst : ScenarioEffect | None
        The scenario that leaves least after the order.
    """

    account: str
    collateral: str
    before: Standing
    after: Standing
    worst: ScenarioEffect | None
    scenarios: list[ScenarioEffect]


class Binding(Part):
    """A constraint that binds, and what more of its resource would save.

    Attributes
    ----------
    step : str
        So much more of the quote asset, or of collateral in it.
    saves_bps : float
        Of the order, by the shadow price of the plan's proof.
    """

    constraint: str
    account: str
    scenario: str | None
    step: str
    asset: str
    saves_bps: float


class Infeasible(Part):
    """Why there is no plan, and what to change.

    Attributes
    ----------
    largest_quantity : str | None
        The largest quantity for which a plan was found; null where none was.
    """

    reason: str
    message: str
    largest_quantity: str | None
    quantity_asset: str


class LeftOut(Part):
    """A market of the pair that is not planned on, or only to reduce, and why."""

    instrument: str
    reason: str


class Allowance(Part):
    """A limit of money, and what of it is left now, before the order."""

    key: str
    asset: str
    limit: str
    used: str
    left: str


class Now(Part):
    """What the desk would say of the order at this moment.

    Attributes
    ----------
    verdict : str
        ``waits``: it would be taken in, and planned once that is over. ``refused``: it would end at
        once; a plan is shown nevertheless where only that stands against it. ``unknown``: no desk
        was asked, or it depends on what slices will meet.
    reason, control, limit : str | None
        Of a refusal: its kind, the control that refuses, and the limit it looked at.
    left_out : list of LeftOut
        By switches, hours, trust in a price, or the state of an account.
    """

    verdict: Literal["accepted", "waits", "refused", "unknown"]
    message: str
    reason: str | None
    control: str | None
    limit: str | None
    left_out: list[LeftOut]
    allowances: list[Allowance]


class CurvePoint(Part):
    """A size, and what a plan of it costs; or why there is none."""

    quantity: str
    notional: str | None
    slippage_bps: float | None
    before_gas_bps: float | None
    low_bps: float | None
    high_bps: float | None
    venues: int
    reason: str | None
    message: str | None


class QuoteDocument(Part):
    """The whole answer.

    Attributes
    ----------
    quote_id : str | None
        By which the order may be sent as it is shown, until `expires_at`; null where there is no
        plan, where it is of a recorded snapshot, where anything was assumed, of an order that is
        all or nothing, and where the desk would refuse it now.
    feasible : bool
        Whether there is a plan within limits and accounts; `now` says whether it could be sent.
    withheld : list of str
        Parts that are empty since the asker may not see them, and what it takes.
    plan : dict | None
        The plan with its legs, hops and certificate, as every door shows plans.
    """

    version: Literal[1] = 1
    quote_id: str | None
    expires_at: str | None
    order: Asked
    state: State
    now: Now
    feasible: bool
    infeasible: Infeasible | None
    slippage: Slippage | None
    comparison: list[Alternative]
    alone: list[Single]
    margin: list[MarginEffect]
    binding: list[Binding]
    explanation: list[str]
    contingency: list[str]
    curve: list[CurvePoint] = Field(default_factory=list)
    plan: dict[str, object] | None
    withheld: list[str] = Field(default_factory=list)
