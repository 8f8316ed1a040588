"""Where random pools stand against the real contracts: a chain, and transactions by the hundred.

Transactions of one account go out with explicit nonces and into one block; their receipts come
back in that order. A revert is an answer here, not an error.
"""

from dataclasses import dataclass, field

from venues.sandbox.chain import Errand, abi
from venues.sandbox.chain.accounts import DEPLOYER, OTHER

GAS = 1 << 24  # the most a transaction may take
BLOCK_GAS = 10**11
FEE_WEI = 100 * 10**9
WEALTH = 1 << 180  # more than any pool here can ask for
PLENTY_WEI = 1 << 200


@dataclass
class Ground:
    """A chain on which `other` can pay for anything."""

    chain: object
    used: set = field(default_factory=lambda: {1, 100})
    """The keys of pools; with these two the chain has pools of USDC and USDT from the beginning."""
    _nonces: dict = field(default_factory=dict)

    @property
    def client(self):
        return self.chain.client

    @property
    def rpc(self):
        return self.chain.client.rpc

    @property
    def contracts(self):
        return self.chain.manifest.contracts

    def prepare(self):
        self.client.set_automine(on=False)
        self.rpc.request("evm_setBlockGasLimit", hex(BLOCK_GAS))
        for account in (OTHER, DEPLOYER):
            self.rpc.request("anvil_setBalance", account.address, hex(PLENTY_WEI))
            self._nonces[account] = int(
                self.rpc.request("eth_getTransactionCount", account.address, "latest"), 16
            )
        for symbol in ("USDC", "USDT"):
            self.endow(self.chain.manifest.token(symbol).address)
        return self

    def endow(self, token):
        mint = abi.call("mint(address,uint256)", OTHER.address, WEALTH)
        self.must([Errand(token, mint)])

    def run(self, errands, *, account=OTHER):
        """Put errands into one block and return the receipts, whether they reverted or not."""
        requests = [self._request(account, errand) for errand in errands]
        hashes = self.rpc.batch(requests)
        self.rpc.request("evm_mine")
        receipts = self.rpc.request("eth_getBlockReceipts", "latest")
        assert [receipt["transactionHash"] for receipt in receipts] == hashes
        return receipts

    def must(self, errands, *, account=OTHER):
        """Put errands into one block, where each has to succeed."""
        receipts = self.run(errands, account=account)
        assert all(succeeded(receipt) for receipt in receipts), "the set-up of a pool reverted"
        return receipts

    def _request(self, account, errand):
        nonce = self._nonces[account]
        self._nonces[account] = nonce + 1
        envelope = {
            "from": account.address,
            "to": errand.to,
            "data": abi.to_hex(errand.data),
            "value": hex(errand.value_wei),
            "nonce": hex(nonce),
            "gas": hex(GAS),
            "maxFeePerGas": hex(FEE_WEI),
            "maxPriorityFeePerGas": hex(1),
        }
        if errand.to is None:
            del envelope["to"]
        return ("eth_sendTransaction", [envelope])


def succeeded(receipt):
    return receipt["status"] == "0x1"


def words_of(receipt, topic):
    """Return the words of the one log with that topic."""
    found = [log for log in receipt["logs"] if log["topics"][0] == topic]
    assert len(found) == 1
    return abi.words(found[0]["data"])
