"""The trader on the whole chain: its configuration, legs quoted locally, transactions, balances.

Quotes come from the exact mathematics on what the pools' own contracts say of their state.
"""

import contextlib
from dataclasses import replace

from router.domain.instrument import Instrument, InstrumentKind
from router.domain.market import PoolTick
from router.domain.order import ChildOrder
from router.domain.plan import CostSplit, Hop, Leg, QuantityKind
from router.domain.units import Amount, Side
from router.liquidity import concentrated, constant_product
from router.liquidity.pool import swap
from tests.integration.execution.account import (
    ACCOUNT,
    ASSETS,
    COIN,
    FAMILIES,
    SYMBOLS,
    VENUE,
    S,
    config,
    configured_pools,
    entries,
    facts_of,
)
from tests.integration.execution.pools import V4
from venues.evm.routers import calldata, fills
from venues.evm.words import abi as words
from venues.evm.words import node
from venues.evm.words.key import SigningKey
from venues.sandbox.chain import ChainError, abi
from venues.sandbox.chain.sender import wait_for_receipt
from venues.sandbox.chain.trading import Errand
from venues.sandbox.chain.uniswap_v4 import KEY, key_of
from venues.uniswap_v4.wire import PoolKey

OFF, ON = False, True


class Scene:
    """One test's view of the chain: pools as they are when it begins, and what was sent."""

    def __init__(self, chain, pools):
        self._pools = pools  # by instrument and block: a chain that is put back needs no new reads
        self.client = chain.client
        self.manifest = chain.manifest
        self.config = config(chain.manifest)
        self.entries = entries(chain.manifest)
        self.setups = {pool.instrument.id: pool for pool in self.config.pools}
        self.families = FAMILIES
        self.key = SigningKey(self.config.signing_key)

    # --- quotes

    def pool(self, name):
        """Return a pool as its contract says it is now; a block is read once only."""
        key = (name, self.client.header()["hash"])
        if key not in self._pools:
            self._pools[key] = self._read_pool(name)
        return self._pools[key]

    def _read_pool(self, name):
        entry = self.entries[name]
        if entry.family == "uniswap_v2":
            return constant_product.Pool(*self.client.reserves(entry), entry.fee_pips)
        full = self.client.full_state(entry)
        return concentrated.Pool(
            fee_pips=full.fee_pips,
            tick_spacing=entry.tick_spacing,
            sqrt_price_x96=full.state.sqrt_price_x96,
            tick=full.state.tick,
            liquidity=full.state.liquidity,
            ticks=tuple(
                PoolTick(tick.index, tick.liquidity_net, tick.liquidity_gross)
                for tick in full.ticks
            ),
            protocol_fees_pips=full.protocol_fees_pips,
        )

    def hop(self, name, paid, received, amount):
        """Quote a swap of one asset for another: a positive amount in, or a negative one out."""
        instrument = self.setups[name].instrument
        zero_for_one = (paid == instrument.base.id) == instrument.base_is_token0
        done = swap(self.pool(name), zero_for_one=zero_for_one, amount_specified=amount)
        into, out_of = done.amount0, -done.amount1
        if not zero_for_one:
            into, out_of = done.amount1, -done.amount0
        return Hop(instrument, Amount(paid, into), Amount(received, out_of))

    def direct(self, name, side, kind, exact, *, tolerance_pips=0):
        instrument = self.setups[name].instrument
        paid, received = ends(instrument, side)
        sign = 1 if is_exact_in(side, kind) else -1
        hop = self.hop(name, paid, received, sign * exact)
        return leg(instrument, side, kind, hops=(), ends=(hop, hop), tolerance_pips=tolerance_pips)

    def route(self, pair, middle, stages, *, side, kind, exact, tolerance_pips=0):
        """Quote a route: `stages` says which share each pool has of what goes through its stage."""
        first, last = stages
        paid, received = (pair[1], pair[0]) if side is Side.BUY else pair
        if is_exact_in(side, kind):
            opening = self._stage(first, paid, middle, exact)
            through = sum(hop.received.atoms for hop in opening)
            closing = self._stage(last, middle, received, through)
        else:
            closing = self._stage(last, middle, received, -exact)
            through = sum(hop.paid.atoms for hop in closing)
            opening = self._stage(first, paid, middle, -through)
        hops = (*opening, *closing)
        return leg(
            route_instrument(pair, middle),
            side,
            kind,
            hops=hops,
            ends=(total(opening), total(closing)),
            tolerance_pips=tolerance_pips,
        )

    def surplus(self, leg):
        """Return what V2 pairs give beyond an exact output: what the rounded input really buys."""
        if is_exact_in(leg.side, leg.quantity_kind):
            return {}
        more = {}
        paid, received = ends(leg.instrument, leg.side)
        whole = Hop(leg.instrument, amount_of(leg, paid), amount_of(leg, received))
        for hop in leg.hops or (whole,):
            name = hop.instrument.id
            if self.entries[name].family == "uniswap_v2":
                real = self.hop(name, hop.paid.asset, hop.received.asset, hop.paid.atoms)
                atoms = real.received.atoms - hop.received.atoms
                more[hop.received.asset] = more.get(hop.received.asset, 0) + atoms
        return {asset: atoms for asset, atoms in more.items() if atoms}

    def _stage(self, shares, paid, received, amount):
        names = list(shares)
        parts = [amount * shares[name] // sum(shares.values()) for name in names]
        parts[-1] += amount - sum(parts)
        pairs = zip(names, parts, strict=True)
        return tuple(self.hop(name, paid, received, part) for name, part in pairs)

    def add_small_v4_pool(self, *, fee_pips, tick_spacing):
        """Let somebody make a shallow pool of ether and dollars, and return its name."""
        model = self.entries[V4]
        entry = replace(model, fee_pips=fee_pips, key_fee=fee_pips, tick_spacing=tick_spacing)
        key = key_of(entry)
        state = self.client.pool_state(model)
        data = abi.call(f"initialize({KEY},uint160)", *key.words(), state.sqrt_price_x96)
        self._do_as_other(Errand(entry.address, data))
        position = {"lower": state.tick - 100, "upper": state.tick + 100}
        self._do_as_other(
            self.client.other.change_position(entry, **position, liquidity_delta=10**14)
        )
        found = PoolKey(key.currency0, key.currency1, fee_pips, tick_spacing, COIN)
        entry = replace(entry, pool_id=found.pool_id)
        (setup,) = configured_pools(self.manifest, "uniswap_v4", facts_of(self.manifest), [entry])
        self.config = replace(self.config, pools=(*self.config.pools, setup))
        self.setups[setup.instrument.id] = setup
        self.entries[setup.instrument.id] = entry
        return setup.instrument.id

    def _do_as_other(self, errand):
        assert self.receipt(self.client.submit_as_other(errand)).succeeded

    # --- transactions

    def child(self, *legs, lifetime_s=600):
        return ChildOrder(
            id="c-1",
            parent="p-1",
            venue=VENUE,
            account=ACCOUNT,
            side=legs[0].side,
            legs=legs,
            nonce=0,
            deadline_at=(self.chain_time_s() + lifetime_s) * S,
            round=1,
            stage=1,
        )

    def execution(self, child, **changes):
        """Plan, check what pays for it, sign and encode."""
        account = replace(self.config, **changes)
        plan = calldata.plan_execution(child, account)
        answers = [self._read(call) for call in calldata.funding_calls(plan, account)]
        nonce = calldata.check_funding(plan, answers, account)
        return calldata.encode(plan, key=self.key, permit_nonce=nonce, config=account)

    def send(self, execution):
        """Hand a transaction to the node; it is mined when the node does that."""
        trader = self.manifest.account("trader")
        return self.client.submit(
            trader, execution.to, execution.data, value_wei=execution.value_wei
        )

    def receipt(self, sent):
        """Return the receipt, whether or not it reverted."""
        with contextlib.suppress(ChainError):
            wait_for_receipt(self.client.rpc, sent)
        receipt = node.parse_receipt(self.client.rpc.request("eth_getTransactionReceipt", sent))
        assert receipt is not None
        return receipt

    def done(self, child, **changes):
        """Do a child and return what its fills are, and the receipt."""
        receipt = self.receipt(self.send(self.execution(child, **changes)))
        assert receipt.succeeded, self.refusal(self.execution(child, **changes))
        return self.fills(child, receipt, **changes), receipt

    def fills(self, child, receipt, **changes):
        return fills.fills(
            child,
            receipt,
            pools=self.setups,
            families=FAMILIES,
            config=replace(self.config, **changes),
            at_venue=7,
        )

    def refusal(self, execution):
        """Return the bytes with which a transaction reverts now; empty if it says nothing."""
        request = {
            "from": self.config.address,
            "to": execution.to,
            "data": f"0x{execution.data.hex()}",
        }
        with contextlib.suppress(ChainError):
            self.client.rpc.request("eth_call", request, "latest")
            raise AssertionError("it would succeed")
        try:
            self.client.rpc.request("eth_call", request, "latest")
        except ChainError as error:
            return words.hex_bytes(error.data or "0x")

    def swap_as_other(self, name, paid, amount):
        """Let somebody else pay so much into a pool."""
        instrument = self.setups[name].instrument
        zero_for_one = (paid == instrument.base.id) == instrument.base_is_token0
        errand = self.client.other.swap(
            self.entries[name], zero_for_one=zero_for_one, amount_specified=amount
        )
        return self.client.submit_as_other(errand)

    @contextlib.contextmanager
    def one_block(self):
        """Collect transactions, and put all of them into one block at the end, first come first."""
        self.client.set_automine(on=OFF)
        try:
            yield
            self.client.mine()
        finally:
            self.client.set_automine(on=ON)

    # --- what is where

    def balances(self, holder=None):
        holder = holder or self.config.address
        found = {name: self.client.balance_of(symbol, holder) for name, symbol in SYMBOLS.items()}
        return found | {"coin": self.client.balance_of("ETH", holder)}

    def router_is_empty(self):
        return not any(self.balances(self.config.routers["universal_router"]).values())

    def chain_time_s(self):
        return int(self.client.header("pending")["timestamp"], 16)

    def _read(self, call):
        request = {"to": call.target, "data": f"0x{call.data.hex()}"}
        return words.hex_bytes(self.client.rpc.request("eth_call", request, "latest"))


def ends(instrument, side):
    """Return what is paid and what is received."""
    base, quote = instrument.base.id, instrument.quote.id
    return (quote, base) if side is Side.BUY else (base, quote)


def is_exact_in(side, kind):
    return (kind is QuantityKind.BASE) == (side is Side.SELL)


def amount_of(leg, asset):
    return next(amount for amount in (leg.quantity, leg.notional) if amount.asset == asset)


def total(hops):
    paid = Amount(hops[0].paid.asset, sum(hop.paid.atoms for hop in hops))
    received = Amount(hops[0].received.asset, sum(hop.received.atoms for hop in hops))
    return Hop(hops[0].instrument, paid, received)


def leg(instrument, side, kind, *, hops, ends, tolerance_pips):
    paid, received = ends[0].paid, ends[1].received
    quantity, notional = (received, paid) if side is Side.BUY else (paid, received)
    if is_exact_in(side, kind):
        bound = Amount(received.asset, received.atoms * (10**6 - tolerance_pips) // 10**6)
    else:
        bound = Amount(paid.asset, paid.atoms * (10**6 + tolerance_pips) // 10**6)
    return Leg(
        instrument=instrument,
        side=side,
        quantity_kind=kind,
        quantity=quantity,
        notional=notional,
        bound=bound,
        limit_ticks=None,
        cost=CostSplit(0, 0, 0, 0),
        slippage=0,
        hops=hops,
    )


def route_instrument(pair, middle):
    return Instrument(
        id=f"route:{pair[0]}/{pair[1]}:{middle}@{VENUE}",
        venue=VENUE,
        symbol=middle,
        kind=InstrumentKind.SPOT_ROUTE,
        base=ASSETS[pair[0]],
        quote=ASSETS[pair[1]],
        account=ACCOUNT,
        lot_atoms=1,
        notional_min_atoms=0,
        fee_pips=0,
        router="universal_router",
    )
