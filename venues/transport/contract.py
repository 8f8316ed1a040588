"""Contract transactions through web3, for the rare ones where a second does not matter.

The hot paths speak JSON-RPC themselves; this is for onboarding. Imports web3 when it is used: that
takes a second.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from router.domain.units import NS_PER_S, DurationNs
from venues.transport.error import TransportError

if TYPE_CHECKING:  # a second to import, which only an approval is worth
    from web3 import AsyncWeb3

_ERC20: Final = (
    {
        "name": "allowance",
        "type": "function",
        "stateMutability": "view",
        "inputs": [{"name": "owner", "type": "address"}, {"name": "spender", "type": "address"}],
        "outputs": [{"name": "", "type": "uint256"}],
    },
    {
        "name": "approve",
        "type": "function",
        "stateMutability": "nonpayable",
        "inputs": [{"name": "spender", "type": "address"}, {"name": "amount", "type": "uint256"}],
        "outputs": [{"name": "", "type": "bool"}],
    },
)


@dataclass(frozen=True, slots=True)
class Approval:
    """Let `spender` take up to `amount_atoms` of a token from the key's account.

    Attributes
    ----------
    signing_key : str
        32 bytes in hex. Never shown or logged.
    """

    ws_url: str
    chain_id: int
    token: str
    spender: str
    amount_atoms: int
    signing_key: str = field(repr=False)


async def approve(approval: Approval, *, within: DurationNs) -> tuple[str, ...]:
    """Set the allowance and return the hashes of the transactions, all mined.

    An allowance that is there already is set to zero first: some tokens refuse to change one to
    another. Nothing is sent where it is right already.

    Raises
    ------
    TransportError
        If the node is of another chain, a transaction reverted, or none was mined in time.
    """
    from web3 import AsyncWeb3, WebSocketProvider  # noqa: PLC0415 - a second to import
    from web3.exceptions import Web3Exception  # noqa: PLC0415 - a second to import

    try:
        async with AsyncWeb3(WebSocketProvider(approval.ws_url)) as web3:
            return await _approve(web3, approval, within / NS_PER_S)
    except (Web3Exception, OSError) as error:
        raise TransportError(f"approve: {error}") from error


async def _approve(web3: "AsyncWeb3[Any]", approval: Approval, within_s: float) -> tuple[str, ...]:
    chain_id = await web3.eth.chain_id
    if chain_id != approval.chain_id:
        raise TransportError(f"approve: the node is of chain {chain_id}, not {approval.chain_id}")
    account = web3.eth.account.from_key(approval.signing_key)
    spender = web3.to_checksum_address(approval.spender)
    token = web3.eth.contract(address=web3.to_checksum_address(approval.token), abi=_ERC20)
    present = await token.functions.allowance(account.address, spender).call()
    if present == approval.amount_atoms:
        return ()
    amounts = (approval.amount_atoms,) if not present else (0, approval.amount_atoms)
    hashes = []
    for amount in dict.fromkeys(amounts):
        unsigned = await token.functions.approve(spender, amount).build_transaction(
            {
                "from": account.address,
                "chainId": chain_id,
                "nonce": await web3.eth.get_transaction_count(account.address),
            }
        )
        signed = account.sign_transaction(unsigned)
        digest = await web3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = await web3.eth.wait_for_transaction_receipt(digest, timeout=within_s)
        if receipt["status"] != 1:
            raise TransportError(f"approve: transaction {web3.to_hex(digest)} reverted")
        hashes.append(web3.to_hex(digest))
    return tuple(hashes)
