"""An instrument, a configuration and a child order to test with."""

import pytest

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.order import ChildOrder
from router.domain.plan import CostSplit, Leg, QuantityKind
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    ChildId,
    InstrumentId,
    ParentId,
    Pips,
    Side,
    TimestampNs,
    VenueId,
)
from venues.hyperliquid.spec import HyperliquidConfig

ADDRESS = "0x" + "ab" * 20
VECTOR_KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"


@pytest.fixture
def eth():
    return Instrument(
        id=InstrumentId("eth-perp"),
        venue=VenueId("hyperliquid"),
        symbol="ETH",
        kind=InstrumentKind.PERP_BOOK,
        base=Asset(AssetId("ETH"), 18),
        quote=Asset(AssetId("USDC"), 6),
        account=AccountId(f"hyperliquid:{ADDRESS}"),
        lot_atoms=10**14,
        notional_min_atoms=10_000_000,
        fee_pips=Pips(450),
        tick_decimals=2,
    )


@pytest.fixture
def config(eth):
    return HyperliquidConfig(
        base_url="http://127.0.0.1:1",
        ws_url="ws://127.0.0.1:1/ws",
        is_mainnet=False,
        address=ADDRESS,
        agent_key=VECTOR_KEY,
        instruments=(eth,),
        leverage=((eth.id, 10),),
        set_leverage=False,
    )


@pytest.fixture
def make_child():
    def make(instrument, *, lots, ticks, side=Side.BUY, name="child-1"):
        quantity = Amount(instrument.base.id, lots * instrument.lot_atoms)
        notional = Amount(instrument.quote.id, lots * ticks)
        leg = Leg(
            instrument=instrument,
            side=side,
            quantity_kind=QuantityKind.BASE,
            quantity=quantity,
            notional=notional,
            bound=notional,
            limit_ticks=ticks,
            cost=CostSplit(0, 0, 0, 0),
            slippage=Pips(0),
        )
        return ChildOrder(
            id=ChildId(name),
            parent=ParentId("parent-1"),
            venue=instrument.venue,
            account=instrument.account,
            side=side,
            legs=(leg,),
            nonce=1_700_000_000_000,
            deadline_at=TimestampNs(1_700_000_010_000_000_000),
            round=0,
            stage=0,
        )

    return make
