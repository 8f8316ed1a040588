"""What an account has, from a node that knows three things about it."""

import asyncio

import pytest
from eth_abi import decode, encode

from router.domain.error import MalformedDataError
from router.domain.units import NATIVE
from tests.unit.venues.evm.pools_world import OWNER, PANCAKE, PERMIT2, SLIPSTREAM, TOKENS, config
from venues.evm import account_reading
from venues.evm.nodes.chain import Tip
from venues.evm.spec import DataFee
from venues.evm.words.key import keccak256
from venues.evm.words.node import Header

NOW = 1_700_000_000_000_000_000
HEADER = Header(9, "0x" + "ab" * 32, "0x" + "cd" * 32, 1_600_000_000, 7)
BALANCE_OF, ALLOWANCE = (
    keccak256(signature.encode())[:4]
    for signature in ("balanceOf(address)", "allowance(address,address)")
)
UNLIMITED = (1 << 256) - 1
GAS_PRICE_ORACLE, DATA_FEE_WEI = "0x420000000000000000000000000000000000000f", 123_456_789


class Clock:
    def now(self):
        return NOW


class Ledger:
    """A node that has balances and allowances, and remembers at which block it was asked."""

    def __init__(self, *, balances, allowances=(), coin_wei=5, nonce=3):
        self.balances = balances
        self.allowances = dict(allowances)
        self.coin_wei, self.nonce = coin_wei, nonce
        self.asked_at = []

    async def tip(self):
        return Tip(HEADER, 1)

    def read_call(self, calls, *, block):
        return "eth_call", (calls, block)

    async def batch(self, *calls):
        return tuple(self._answer(method, *params) for method, params in calls)

    def _answer(self, method, subject, block):
        self.asked_at.append(block)
        if method == "eth_call":
            results = [(True, encode(["uint256"], [self._read(call)])) for call in subject]
            return "0x" + encode(["(bool,bytes)[]"], [results]).hex()
        assert subject == OWNER
        return hex({"eth_getBalance": self.coin_wei, "eth_getTransactionCount": self.nonce}[method])

    def _read(self, call):
        if call.target.lower() == GAS_PRICE_ORACLE:
            (posted,) = decode(["bytes"], call.data[4:])
            assert len(posted) > 1_000
            return DATA_FEE_WEI
        (asset,) = [name for name, token in TOKENS.items() if token.address == call.target]
        selector, data = call.data[:4], call.data[4:]
        if selector == BALANCE_OF:
            assert decode(["address"], data) == (OWNER,)
            return self.balances.get(asset, 0)
        assert selector == ALLOWANCE
        owner, spender = decode(["address", "address"], data)
        assert owner == OWNER
        return self.allowances.get((asset, spender), UNLIMITED)


def read(ledger, **changes):
    return asyncio.run(account_reading.read(ledger, config(**changes), Clock()))


def test_balances_coin_and_nonce_are_what_the_node_says_of_one_block():
    ledger = Ledger(balances={"ETH": 10**18, "USDC": 7, "BTC": UNLIMITED})

    account = read(ledger)

    assert {name: account.balance(name) for name in TOKENS} == {
        "ETH": 10**18,
        "USDT": 0,
        "USDC": 7,
        "BTC": UNLIMITED,
    }
    assert account.balance(NATIVE) == account.spendable_atoms(NATIVE) == 5
    assert account.next_nonce == 3
    assert (account.block, account.received_at) == (HEADER.ref, NOW)
    assert (account.account, account.positions, account.margin_used_atoms) == ("a", (), 0)
    assert len(ledger.asked_at) == 3
    assert all(asked["blockHash"] == HEADER.hash for asked in ledger.asked_at)


@pytest.mark.parametrize("taker", [PERMIT2, PANCAKE, SLIPSTREAM])
def test_no_more_counts_as_spendable_than_every_router_may_take(taker):
    ledger = Ledger(balances=dict.fromkeys(TOKENS, 100), allowances={("USDC", taker): 40})

    account = read(ledger)

    assert {name: account.spendable_atoms(name) for name in TOKENS} == {
        "ETH": 100,
        "USDT": 100,
        "USDC": 40,
        "BTC": 100,
    }
    assert account.balance("USDC") == 100


def test_a_router_that_is_not_configured_is_not_asked_about():
    ledger = Ledger(balances={"USDC": 100}, allowances={("USDC", PANCAKE): 0})

    account = read(ledger, routers={"universal_router": "0x" + "a1" * 20})

    assert account.spendable_atoms("USDC") == 100


def test_an_answer_that_is_no_number_is_malformed():
    ledger = Ledger(balances={})
    ledger.read_call = lambda _calls, *, block: ("eth_getBalance", (OWNER, block))

    with pytest.raises(MalformedDataError):
        read(ledger)


@pytest.mark.parametrize(
    ("kind", "charged"),
    [(DataFee.NONE, 0), (DataFee.ARBITRUM, 0), (DataFee.OP_STACK, DATA_FEE_WEI)],
)
def test_what_posting_costs_is_read_where_the_chain_charges_it_apart_from_gas(kind, charged):
    account = read(Ledger(balances={"USDC": 7}), data_fee=kind)

    assert account.data_fee_wei == charged
    assert account.spendable_atoms("USDC") == 7
