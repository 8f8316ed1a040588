"""Random actions of every kind: ours, and how the venue's own client is asked for the same.

A kind is a function of a random source and a nonce. It returns our action, or our request for the
master key, with the client's method and arguments; an empty method has the client sign our action
as it is, for kinds it has no method for.
"""

from dataclasses import dataclass

from router.domain.units import Side
from venues.hyperliquid.actions import account, change, margin, order, safety, twap
from venues.hyperliquid.actions.market import perpetual, spot
from venues.hyperliquid.master import MasterRequest


@dataclass(frozen=True)
class Twin:
    """One action, and the client's way to it."""

    ours: dict | MasterRequest
    method: str = ""
    arguments: tuple = ()
    for_master: bool = False  # the client signs it without the vault
    vault: str | None = None  # of a request for the master key, where it names a sub-account
    token: str = ""  # the randomness the client is given


def address(draw):
    return "0x" + draw.randbytes(20).hex()


def cloid(draw):
    return "0x" + draw.randbytes(16).hex()


def number(units, decimals):
    """Return a float, or an int where it is one, whose text the client makes like ours."""
    value = units / 10**decimals
    return int(value) if value.is_integer() else value


def micro_usd(draw):
    return draw.randrange(1_000, 10**12)


def random_market(draw):
    size_decimals = draw.randrange(6)
    if draw.random() < 0.2:
        return spot(draw.randrange(500), size_decimals=size_decimals)
    return perpetual(
        draw.randrange(200),
        size_decimals=size_decimals,
        leverage_max=40,
        dex=draw.choice([0, 0, 1, 5]),
    )


def price(draw):
    """Return ticks of five significant figures, so that a float of it is as good."""
    return draw.choice([draw.randrange(1, 10**5), draw.randrange(1, 10**4) * 10**8])


def random_order(draw):
    market, ticks = random_market(draw), price(draw)
    when = draw.choice(
        [
            *order.TimeInForce,
            order.Trigger(draw.choice([*order.TriggerKind]), price(draw), draw.random() < 0.5),
        ]
    )
    return order.Order(
        market,
        draw.choice([*Side]),
        ticks,
        draw.randrange(1, 10**8),
        when,
        reduce_only=draw.random() < 0.5,
        cloid=draw.choice([None, cloid(draw)]),
    )


def order_request(one):
    """Return an order as the client's methods take it."""
    decimals = one.market.price_decimals
    kind = {"limit": {"tif": str(one.when)}}
    if isinstance(one.when, order.Trigger):
        kind = {
            "trigger": {
                "tpsl": str(one.when.kind),
                "triggerPx": number(one.when.ticks, decimals),
                "isMarket": one.when.is_market,
            }
        }
    return {
        "coin": str(one.market.asset),
        "is_buy": one.side is Side.BUY,
        "sz": number(one.lots, one.market.size_decimals),
        "limit_px": number(one.ticks, decimals),
        "order_type": kind,
        "reduce_only": one.reduce_only,
        "cloid": None if one.cloid is None else {"cloid_text": one.cloid},
    }


def place(draw, _nonce):
    orders = [random_order(draw) for _ in range(draw.randrange(1, 5))]
    grouping = draw.choice([*order.Grouping, order.Priority(draw.randrange(1, 10**6))])
    builder = draw.choice([None, order.Builder(address(draw), draw.randrange(101))])
    told = {"p": grouping.rate_e8} if isinstance(grouping, order.Priority) else str(grouping)
    paid = None if builder is None else {"b": builder.address, "f": builder.tenth_bps}
    return Twin(
        order.place(orders, grouping=grouping, builder=builder),
        "bulk_orders",
        ([order_request(one) for one in orders], paid, told),
    )


def place_one(draw, _nonce):
    one = random_order(draw)
    told = order_request(one)
    return Twin(order.place([one]), "order", tuple(told.values()))


def batch_modify(draw, _nonce):
    changes = [
        change.Modify(draw.choice([draw.randrange(2**40), cloid(draw)]), random_order(draw))
        for _ in range(draw.randrange(1, 4))
    ]
    told = [
        {
            "oid": {"cloid_text": c.target} if isinstance(c.target, str) else c.target,
            "order": order_request(c.order),
        }
        for c in changes
    ]
    return Twin(change.batch_modify(changes), "bulk_modify_orders_new", (told,))


def modify_one(draw, _nonce):
    oid, one = draw.randrange(2**40), random_order(draw)
    arguments = (oid, *order_request(one).values())
    return Twin(change.batch_modify([change.Modify(oid, one)]), "modify_order", arguments)


def cancel(draw, _nonce):
    cancels = [
        change.CancelByOid(random_market(draw).asset, draw.randrange(2**40))
        for _ in range(draw.randrange(1, 5))
    ]
    told = [{"coin": str(c.asset), "oid": c.oid} for c in cancels]
    if len(cancels) == 1:
        return Twin(change.cancel(cancels), "cancel", tuple(told[0].values()))
    return Twin(change.cancel(cancels), "bulk_cancel", (told,))


def cancel_by_cloid(draw, _nonce):
    cancels = [
        change.CancelByCloid(random_market(draw).asset, cloid(draw))
        for _ in range(draw.randrange(1, 5))
    ]
    told = [{"coin": str(c.asset), "cloid": {"cloid_text": c.cloid}} for c in cancels]
    action = change.cancel_by_cloid(cancels)
    if len(cancels) == 1:
        return Twin(action, "cancel_by_cloid", tuple(told[0].values()))
    return Twin(action, "bulk_cancel_by_cloid", (told,))


def schedule_cancel(draw, _nonce):
    at = draw.choice([None, draw.randrange(2**41)])
    return Twin(safety.schedule_cancel(at), "schedule_cancel", (at,))


def noop(_draw, nonce):
    return Twin(safety.noop(), "noop", (nonce,))


def update_leverage(draw, _nonce):
    market, leverage, is_cross = random_market(draw), draw.randrange(1, 51), draw.random() < 0.5
    ours = margin.update_leverage(market, leverage=leverage, is_cross=is_cross)
    return Twin(ours, "update_leverage", (leverage, str(market.asset), is_cross))


def update_isolated_margin(draw, _nonce):
    market, amount = random_market(draw), draw.randrange(-(10**10), 10**10)
    ours = margin.update_isolated_margin(market, micro_usd=amount)
    return Twin(ours, "update_isolated_margin", (amount / 10**6, str(market.asset)))


def set_referrer(draw, _nonce):
    code = draw.randbytes(5).hex()
    return Twin(account.set_referrer(code), "set_referrer", (code,), for_master=True)


def create_sub_account(draw, _nonce):
    name = draw.randbytes(8).hex()
    return Twin(account.create_sub_account(name), "create_sub_account", (name,), for_master=True)


def sub_account_transfer(draw, _nonce):
    user, is_deposit, amount = address(draw), draw.random() < 0.5, micro_usd(draw)
    ours = account.sub_account_transfer(user, is_deposit=is_deposit, micro_usd=amount)
    return Twin(ours, "sub_account_transfer", (user, is_deposit, amount), for_master=True)


def sub_account_spot_transfer(draw, _nonce):
    user, is_deposit, atoms = address(draw), draw.random() < 0.5, draw.randrange(10**4, 10**12)
    token = f"PURR:0x{draw.randbytes(16).hex()}"
    ours = account.sub_account_spot_transfer(
        user, is_deposit=is_deposit, token=token, atoms=atoms, decimals=5
    )
    arguments = (user, is_deposit, token, number(atoms, 5))
    return Twin(ours, "sub_account_spot_transfer", arguments, for_master=True)


def vault_transfer(draw, _nonce):
    vault, is_deposit, amount = address(draw), draw.random() < 0.5, micro_usd(draw)
    ours = account.vault_transfer(vault, is_deposit=is_deposit, micro_usd=amount)
    return Twin(ours, "vault_usd_transfer", (vault, is_deposit, amount), for_master=True)


def use_big_blocks(draw, _nonce):
    enable = draw.random() < 0.5
    return Twin(account.use_big_blocks(enable=enable), "use_big_blocks", (enable,), for_master=True)


def agent_set_abstraction(draw, _nonce):
    mode = draw.choice([*account.AgentAbstraction])
    return Twin(account.agent_set_abstraction(mode), "agent_set_abstraction", (str(mode),))


def agent_enable_dex_abstraction(_draw, _nonce):
    return Twin(account.agent_enable_dex_abstraction(), "agent_enable_dex_abstraction")


def gossip_priority_bid(draw, _nonce):
    slot, ip, gas = draw.randrange(5), "8.8.8.8", draw.randrange(10**9)
    ours = account.gossip_priority_bid(slot=slot, ip=ip, gas_max=gas)
    return Twin(ours, "gossip_priority_bid", (slot, ip, gas))


# Kinds the client has no method for: it signs our action as it is.


def modify_raw(draw, _nonce):
    change_of = change.Modify(draw.choice([draw.randrange(2**40), cloid(draw)]), random_order(draw))
    return Twin(change.modify(change_of, always_place=draw.random() < 0.5))


def fast_cancel(draw, _nonce):
    by_oid = change.CancelByOid(3, draw.randrange(2**40))
    by_cloid = change.CancelByCloid(3, cloid(draw))
    return Twin(
        draw.choice(
            [change.cancel([by_oid], fast=True), change.cancel_by_cloid([by_cloid], fast=True)]
        )
    )


def twap_order(draw, _nonce):
    begin = draw.choice([None, twap.TwapTrigger(draw.randrange(1, 10**5), draw.random() < 0.5)])
    return Twin(
        twap.twap_order(
            twap.Twap(
                random_market(draw),
                draw.choice([*Side]),
                draw.randrange(1, 10**8),
                minutes=draw.randrange(5, 1_440),
                randomise=draw.random() < 0.5,
                reduce_only=draw.random() < 0.5,
                trigger=begin,
                stop_ticks=draw.choice([None, draw.randrange(1, 10**5)]),
            )
        )
    )


def twap_cancel(draw, _nonce):
    return Twin(twap.twap_cancel(random_market(draw), twap=draw.randrange(2**30)))


def top_up(draw, _nonce):
    leverage = draw.randrange(10**6, 10**7)
    return Twin(margin.top_up_isolated_only_margin(random_market(draw), leverage_e6=leverage))


def reserve_request_weight(draw, _nonce):
    to = draw.choice([None, address(draw)])
    return Twin(account.reserve_request_weight(draw.randrange(1, 10**6), destination=to))


def agent_send_asset(draw, nonce):
    atoms = draw.randrange(1, 10**10)
    transfer = account.OwnTransfer(address(draw), "", "spot", "USDC", atoms, 6)
    return Twin(account.agent_send_asset(transfer, nonce=nonce))


TRADING_KINDS = (
    *(place, place_one, batch_modify, modify_one, modify_raw, cancel, cancel_by_cloid),
    *(fast_cancel, schedule_cancel, noop, update_leverage, update_isolated_margin, top_up),
    *(twap_order, twap_cancel, set_referrer, create_sub_account, sub_account_transfer),
    *(sub_account_spot_transfer, vault_transfer, use_big_blocks, agent_set_abstraction),
    *(agent_enable_dex_abstraction, gossip_priority_bid, reserve_request_weight),
    agent_send_asset,
)
