"""Discrepancies planted in an account by other ways than the desk's, and what must be found."""

import asyncio
from dataclasses import dataclass
from fractions import Fraction

from router.domain.difference import DifferenceKind as K
from venues.hyperliquid.master import requests
from venues.sandbox.chain import abi
from venues.sandbox.chain.accounts import DEPLOYER, OTHER, TRADER
from venues.sandbox.hyperliquid import DEV_MASTER_ADDRESS
from venues.sandbox.hyperliquid.service.faults import ALL_CHANNELS, Failure, Mangling, Place, Rule

ETHER, DOLLAR = 10**18, 10**6
SOMEBODY = "0x" + "77" * 20


@dataclass(frozen=True)
class Case:
    """What is planted.

    Attributes
    ----------
    halts, told : set of DifferenceKind
        Exactly what must halt, and what else must be told, which halts nothing.
    """

    name: str
    plant: object
    halts: frozenset = frozenset()
    told: frozenset = frozenset()


CASES = []


def planted(*, halts=(), told=()):
    """Register a case under the name of its function."""

    def register(plant):
        CASES.append(Case(plant.__name__, plant, frozenset(halts), frozenset(told)))
        return plant

    return register


# --- the chain


@planted(told=[K.DEPOSIT])
async def tokens_come_in(day):
    day.move_tokens(OTHER, TRADER, 5_000 * DOLLAR)


@planted(told=[K.DEPOSIT])
async def tokens_are_minted(day):
    data = abi.call("mint(address,uint256)", TRADER.address, 7 * DOLLAR)
    day.send(DEPLOYER, day.token.address, data)


@planted(told=[K.DEPOSIT])
async def an_atom_comes_in(day):
    day.move_tokens(OTHER, TRADER, 1)


@planted(halts=[K.NONCE_AHEAD, K.GAS, K.WITHDRAWAL])
async def tokens_are_sent_away_with_our_key(day):
    day.move_tokens(TRADER, OTHER, 900 * DOLLAR)


@planted(halts=[K.WITHDRAWAL])
async def tokens_are_taken_by_an_allowance(day):
    approve = abi.call("approve(address,uint256)", OTHER.address, 10**12)
    day.send(TRADER, day.token.address, approve)
    await day.until(lambda: day.halting == {K.NONCE_AHEAD, K.GAS})
    await day.desk.accept("an approval of the owner's own")
    await day.until(lambda: not day.halting)
    day.told.clear()
    take = abi.call(
        "transferFrom(address,address,uint256)", TRADER.address, OTHER.address, 11 * DOLLAR
    )
    day.send(OTHER, day.token.address, take)


@planted(halts=[K.NONCE_AHEAD, K.GAS])
async def a_transaction_that_moves_nothing_is_sent_with_our_key(day):
    day.send(TRADER, TRADER.address, b"")


@planted(halts=[K.NONCE_AHEAD, K.GAS])
async def somebody_is_approved_with_our_key(day):
    day.send(TRADER, day.token.address, abi.call("approve(address,uint256)", OTHER.address, 0))


@planted(halts=[K.NONCE_AHEAD, K.GAS])
async def three_transactions_are_sent_with_our_key(day):
    for _ in range(3):
        day.send(TRADER, TRADER.address, b"")


@planted(halts=[K.NONCE_AHEAD, K.GAS])
async def the_coin_is_sent_away_with_our_key(day):
    day.send(TRADER, OTHER.address, b"", value=ETHER)


@planted(halts=[K.NONCE_AHEAD])
async def the_nonce_alone_has_moved(day):
    count = int(day.client.rpc.request("eth_getTransactionCount", TRADER.address, "latest"), 16)
    day.client.rpc.request("anvil_setNonce", TRADER.address, hex(count + 1))
    day.client.mine()


@planted(halts=[K.GAS])
async def the_coin_comes_in(day):
    day.send(OTHER, TRADER.address, b"", value=ETHER)


@planted(halts=[K.GAS])
async def the_coin_is_gone(day):
    day.shift_coin(-ETHER)


@planted(halts=[K.BALANCE])
async def a_token_balance_is_more_without_a_transfer(day):
    day.shift_token(3 * DOLLAR)


@planted(halts=[K.BALANCE])
async def a_token_balance_is_less_without_a_transfer(day):
    day.shift_token(-3 * DOLLAR)


@planted(halts=[K.REORGED])
async def our_swap_is_reorganised_away(day):
    await day.traded("buy", "2", venues="local")
    await day.look()
    await asyncio.to_thread(day.reorganise)


# --- the perp venue


@planted(halts=[K.FOREIGN_FILL])
async def somebody_buys(day):
    day.owner.order(is_buy=True, price="3300", size="1")


@planted(halts=[K.FOREIGN_FILL])
async def somebody_sells(day):
    day.owner.order(is_buy=False, price="2700", size="2.5")


@planted(halts=[K.FOREIGN_FILL])
async def somebody_buys_and_sells_the_same(day):
    day.owner.order(is_buy=True, price="3300", size="1")
    day.owner.order(is_buy=False, price="2700", size="1")


@planted(halts=[K.FOREIGN_FILL])
async def somebody_trades_beside_an_order_of_ours(day):
    day.owner.order(is_buy=True, price="3300", size="1")
    await day.trade("buy", "1", venues="hyperliquid")


@planted(told=[K.FOREIGN_ORDER])
async def somebody_has_an_order_wait(day):
    answer = day.owner.order(is_buy=True, price="2000", size="1", tif="Gtc")
    day.foreign = answer["response"]["data"]["statuses"][0]["resting"]["oid"]


@planted(told=[K.FOREIGN_ORDER])
async def somebody_changes_what_waits(day):
    day.owner.cancel(day.foreign)
    for price in ("1990", "1980"):
        day.owner.order(is_buy=True, price=price, size="1", tif="Gtc")


@planted(halts=[K.FOREIGN_FILL], told=[K.FOREIGN_ORDER])
async def an_order_of_somebody_trades_later(day):
    day.owner.order(is_buy=True, price="2950", size="1", tif="Gtc")
    await day.look()
    day.sandbox.venue.shift_mid("ETH", -250)
    day.sandbox.publish()
    day.sandbox.venue.shift_mid("ETH", 250)
    day.sandbox.publish()


@planted(told=[K.DEPOSIT])
async def collateral_is_paid_in(day):
    day.sandbox.venue.deposit(DEV_MASTER_ADDRESS, 7_000 * DOLLAR)
    day.sandbox.publish()


@planted(told=[K.DEPOSIT])
async def an_atom_of_collateral_is_paid_in(day):
    day.sandbox.venue.deposit(DEV_MASTER_ADDRESS, 1)
    day.sandbox.publish()


@planted(halts=[K.WITHDRAWAL])
async def collateral_is_withdrawn(day):
    day.owner.ask(lambda **f: requests.withdraw(SOMEBODY, **f), micro_usd=500 * DOLLAR)


@planted(halts=[K.WITHDRAWAL])
async def collateral_is_sent_to_somebody(day):
    day.owner.ask(lambda **f: requests.usd_send(SOMEBODY, **f), micro_usd=300 * DOLLAR)


@planted(told=[K.OWN_TRANSFER])
async def collateral_is_moved_to_spot(day):
    day.owner.ask(requests.usd_class_transfer, micro_usd=200 * DOLLAR, to_perp=False)


@planted(told=[K.OWN_TRANSFER])
async def collateral_is_moved_back(day):
    day.owner.ask(requests.usd_class_transfer, micro_usd=150 * DOLLAR, to_perp=True)


@planted(halts=[K.WITHDRAWAL], told=[K.DEPOSIT])
async def collateral_comes_and_goes_for_nothing(day):
    day.sandbox.venue.deposit(DEV_MASTER_ADDRESS, 400 * DOLLAR)
    day.owner.ask(lambda **f: requests.usd_send(SOMEBODY, **f), micro_usd=400 * DOLLAR)


@planted(halts=[K.FOREIGN_FILL, K.WITHDRAWAL], told=[K.DEPOSIT])
async def everything_at_once(day):
    day.sandbox.venue.deposit(DEV_MASTER_ADDRESS, 50 * DOLLAR)
    day.owner.order(is_buy=False, price="2700", size="0.7")
    day.owner.ask(lambda **f: requests.usd_send(SOMEBODY, **f), micro_usd=60 * DOLLAR)


@planted()
async def funding_is_settled(day):
    await day.traded("buy", "1", venues="hyperliquid")
    day.sandbox.venue.set_funding_rate("ETH", Fraction("0.0001"))
    before = len(day.owner.account.fundings)
    day.leap_an_hour()
    await day.until(lambda: len(day.owner.account.fundings) > before)


@planted()
async def the_venue_does_not_answer_for_a_while(day):
    day.sandbox.faults.requests[Failure.ERROR, Place.INFO] = Rule(left=4)
    await day.look()


@planted(halts=[K.FOREIGN_FILL])
async def somebody_trades_while_the_venue_tells_nothing(day):
    day.sandbox.faults.streams_muted = True
    day.owner.order(is_buy=True, price="3300", size="0.3")
    day.sandbox.faults.streams_muted = False
    day.sandbox.drop_connections()


@planted(halts=[K.FOREIGN_FILL])
async def somebody_closes_our_position(day):
    await day.traded("buy", "1", venues="hyperliquid")
    day.owner.order(is_buy=False, price="2700", size="0.5", reduces=True)


@planted()
async def the_answer_to_our_order_is_lost(day):
    day.sandbox.faults.replies_to_swallow = 1
    await day.traded("sell", "0.4", venues="hyperliquid")


@planted()
async def our_fills_are_told_twice(day):
    day.sandbox.faults.frames[Mangling.DUPLICATE, ALL_CHANNELS] = Rule()
    await day.traded("buy", "0.4", venues="hyperliquid")
    day.sandbox.faults.clear()


@planted()
async def our_fills_are_told_by_nobody_but_when_asked(day):
    day.sandbox.faults.streams_muted = True
    await day.traded("sell", "0.4", venues="hyperliquid")
    day.sandbox.faults.clear()


@planted()
async def nothing_at_all(day):
    await day.traded("buy", "0.5")
