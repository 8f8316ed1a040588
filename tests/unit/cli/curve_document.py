"""Documents of dry runs, made up to be drawn."""

from router.gateway.quote_document import (
    Alternative,
    Asked,
    Band,
    Block,
    Causes,
    CurvePoint,
    Infeasible,
    Now,
    QuoteDocument,
    Slippage,
    State,
)


def point(quantity, bps, *, spread=1.0, message=None):
    return CurvePoint(
        quantity=quantity,
        notional="1",
        slippage_bps=bps,
        before_gas_bps=bps,
        low_bps=None if bps is None else bps - spread,
        high_bps=None if bps is None else bps + 2 * spread,
        venues=0 if bps is None else 2,
        reason=None if message is None else "limit_exceeded",
        message=message,
    )


CAUSES = Causes(impact_bps=1.0, of_which_basis_bps=0.0, fees_bps=2.0, gas_bps=0.5, funding_bps=0.0)
BAND = Band(
    level_pct=95,
    low_bps=2.0,
    expected_bps=4.0,
    high_bps=9.0,
    drift_bps=None,
    inclusion_s=None,
    observed_moves=0,
    scenarios=1,
    states="95 % of executions lie inside",
)
SLIPPAGE = Slippage(
    arrival_mid="3000.00",
    total_bps=3.5,
    execution_bps=3.5,
    cost="10",
    causes=CAUSES,
    band=BAND,
    legs=[],
)
REFUSAL = Infeasible(
    reason="stress", message="short <of> it", largest_quantity="7", quantity_asset="ETH"
)
ASKED = Asked(
    side="buy",
    base="ETH",
    quote="USDC",
    quantity="10",
    quantity_asset="ETH",
    limit_price=None,
    slippage_max_bps=100.0,
    holding_horizon_s=28_800,
    venues=[],
)
STATE = State(
    at="0",
    source="live",
    blocks=[Block(venue="local", number=3, hash="0x03", age_ms=5)],
    books=[],
    assumed=[],
)
NOW = Now(
    verdict="unknown",
    message="no desk was asked",
    reason=None,
    control=None,
    limit=None,
    left_out=[],
    allowances=[],
)


def quote(points, *, method="equal parts", feasible=True):
    nothing = {name: [] for name in ("alone", "margin", "binding", "explanation", "contingency")}
    way = Alternative(
        method=method, slippage_bps=None, worse_by_bps=None, is_allowed=False, instruments=[]
    )
    return QuoteDocument(
        quote_id=None,
        expires_at=None,
        order=ASKED,
        state=STATE,
        now=NOW,
        feasible=feasible,
        infeasible=None if feasible else REFUSAL,
        slippage=SLIPPAGE if feasible else None,
        comparison=[way],
        curve=list(points),
        plan=None,
        **nothing,
    )
