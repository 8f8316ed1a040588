"""Others on the chain: seeded random swaps, positions, fees and reorganisations, block by block.

Blocking, as the chain's client is. Some of what it tries reverts, as on any chain.
"""

from collections import Counter

from venues.sandbox.chain import abi
from venues.sandbox.chain.accounts import DEPLOYER, OTHER
from venues.sandbox.chain.trading import Errand
from venues.sandbox.chain.uniswap_v4 import change_dynamic_fee

V2, V3, V4, SLIPSTREAM = "uniswap_v2", "uniswap_v3", "uniswap_v4", "slipstream"
ZERO = "0x" + "00" * 20
GAS = 5_000_000
TRADES_MAX = 6
USDC_MIN, USDC_MAX = 1, 400_000
USDC_PER_WETH = 3_000
HOMEWARDS = 0.65  # how often a swap takes a price back towards where it began
FEES_PIPS = (0, 100, 420, 500, 1_234, 3_000, 10_000)
FEE_CHANGE, GIFT, OWN_BRANCH = 0.1, 0.1, 0.5  # how often
DYNAMIC = 0x800000
RICHES = 10**10  # whole tokens of each kind, so that little fails for want of them


class Crowd:
    """Whoever else trades in the pools.

    Attributes
    ----------
    done : Counter
        What was tried, by name, and the logs and blocks that came of it.
    """

    def __init__(self, chain, entries, rng, *, trades=(0, TRADES_MAX)):
        self._client = chain.client
        self._entries = entries
        self._rng = rng
        self._trades = trades  # of one block, the fewest and the most
        self._symbols = {t.address: t.symbol for t in chain.manifest.tokens} | {ZERO: "ETH"}
        self._decimals = {t.symbol: t.decimals for t in chain.manifest.tokens} | {"ETH": 18}
        self._positions = []  # (block, entry, lower, upper, liquidity)
        self._start = {
            id(entry): self._client.pool_state(entry).sqrt_price_x96
            for entry in entries
            if entry.family != V2
        }
        self.done = Counter()
        self._client.set_automine(on=False)
        for token in chain.manifest.tokens:
            atoms = RICHES * 10**token.decimals
            self._client.rpc.request("anvil_dealERC20", OTHER.address, token.address, hex(atoms))
        self._client.rpc.request("anvil_setBalance", OTHER.address, hex(RICHES * 10**18))
        self._client.mine()

    def block(self):
        """Make one block with a few random things in it."""
        for sender, errand in self._errands():
            self._client.submit(sender, errand.to, errand.data, value_wei=errand.value_wei)
        self._client.mine()
        self.done["blocks"] += 1

    def reorganise(self, depth):
        """Replace the newest blocks, by empty ones or by others in which things happen too."""
        number = self._client.block_number()
        self._positions = [each for each in self._positions if each[0] <= number - depth]
        instead = []
        if self._rng.random() < OWN_BRANCH:
            instead = [
                [_transaction(sender, errand), place]
                for place in range(depth)
                for sender, errand in self._errands(number - depth + place + 1)
            ]
        self._client.rpc.request("anvil_reorg", depth, instead)
        self.done["reorganisations"] += 1
        self.done["blocks made void"] += depth

    def _errands(self, number=None):
        number = self._client.block_number() + 1 if number is None else number
        for _ in range(self._rng.randint(*self._trades)):
            entry = self._rng.choice(self._entries)
            act = self._rng.choices(
                (self._swap, self._mint, self._burn, self._collect), weights=(6, 2, 1, 1)
            )[0]
            for errand in act(entry, number):
                yield OTHER, errand
        if self._rng.random() < FEE_CHANGE:
            yield from self._change_fee()

    def _swap(self, entry, _number):
        self.done["swaps"] += 1
        rng = self._rng
        zero_for_one = rng.random() < HOMEWARDS
        limit = None
        if entry.family != V2:
            price = self._client.pool_state(entry).sqrt_price_x96
            if price < self._start[id(entry)]:
                zero_for_one = not zero_for_one
            if rng.random() < 0.2:
                limit = price * (9_990 if zero_for_one else 10_010) // 10_000
        is_input = rng.random() < 0.5
        amount = self._atoms(entry.token0 if zero_for_one == is_input else entry.token1)
        yield self._client.other.swap(
            entry,
            zero_for_one=zero_for_one,
            amount_specified=amount if is_input else -amount,
            sqrt_price_limit_x96=limit,
        )

    def _mint(self, entry, number):
        self.done["mints"] += 1
        rng, other = self._rng, self._client.other
        if entry.family == V2:
            amounts = {f"amount{i}": self._atoms(t) for i, t in enumerate(_tokens(entry))}
            yield other.add_to_pair(entry, **amounts)
            return
        state, spacing = self._client.pool_state(entry), entry.tick_spacing
        middle, width = state.tick // spacing + rng.randint(-30, 30), rng.choice((1, 2, 7, 40, 300))
        lower, upper = (middle - rng.randint(0, width)) * spacing, (middle + width) * spacing
        liquidity = max(state.liquidity * rng.randint(1, 60) // 100, 10**9)
        self._positions.append((number, entry, lower, upper, liquidity))
        yield other.change_position(entry, lower=lower, upper=upper, liquidity_delta=liquidity)

    def _burn(self, entry, _number):
        self.done["burns"] += 1
        rng, other = self._rng, self._client.other
        if entry.family == V2:
            shares = self._client.call(entry.address, abi.call("balanceOf(address)", OTHER.address))
            yield from other.take_from_pair(entry, shares=shares[0] * rng.randint(1, 20) // 100)
            return
        if not self._positions:
            return
        number, entry, lower, upper, liquidity = self._positions.pop(
            rng.randrange(len(self._positions))
        )
        part = liquidity if rng.random() < 0.5 else rng.randint(1, liquidity)
        if part < liquidity:
            self._positions.append((number, entry, lower, upper, liquidity - part))
        yield other.change_position(entry, lower=lower, upper=upper, liquidity_delta=-part)

    def _collect(self, entry, _number):
        self.done["collects"] += 1
        other = self._client.other
        if entry.family == V2:  # a gift that the pair takes note of
            token = self._rng.choice(_tokens(entry))
            give = abi.call("transfer(address,uint256)", entry.address, self._atoms(token))
            yield Errand(token, give)
            if self._rng.random() < 0.5:
                yield Errand(entry.address, abi.call("sync()"))
            return
        if self._positions:
            _, entry, lower, upper, _ = self._rng.choice(self._positions)
            yield other.collect(entry, lower=lower, upper=upper)

    # A fee that changes without a log: Slipstream's at once, in no block at all.
    def _change_fee(self):
        self.done["fees"] += 1
        rng = self._rng
        entry = rng.choice(
            [e for e in self._entries if e.family == SLIPSTREAM or e.key_fee == DYNAMIC]
        )
        fee = rng.choice(FEES_PIPS)
        if entry.family == SLIPSTREAM:
            self._client.set_fee(entry, fee)
            return
        for data in change_dynamic_fee(entry, fee):
            yield DEPLOYER, Errand(entry.hooks, data)

    def _atoms(self, token):
        symbol = self._symbols[token]
        # Most are small, some are large.
        usdc = int(USDC_MIN * (USDC_MAX / USDC_MIN) ** self._rng.random())
        one = 10 ** self._decimals[symbol]
        return usdc * one // (USDC_PER_WETH if symbol in {"ETH", "WETH"} else 1)


def _tokens(entry):
    return entry.token0, entry.token1


def _transaction(sender, errand):
    return {
        "from": sender.address,
        "to": errand.to,
        "data": abi.to_hex(errand.data),
        "value": hex(errand.value_wei),
        "gas": hex(GAS),
    }
