"""The chain's count of our transactions against ours. Pure."""

from router.domain.account import AccountSnapshot
from router.domain.difference import Difference, DifferenceKind
from router.state.ledger import Ledger
from router.state.world import World


def nonce_difference(world: World, ledger: Ledger, account: AccountSnapshot) -> Difference | None:
    """Return how the next nonce cannot be explained, or None.

    Open children may have used theirs up; nobody else may have used any.
    """
    name, actual = account.account, account.next_nonce
    used = ledger.nonces.get(name)
    if actual is None or used is None:
        return None
    if actual < used:
        return Difference(
            name,
            "nonce",
            used,
            actual,
            DifferenceKind.REORGED,
            _void(world, account, actual=actual, used=used),
        )
    if actual == used:
        return None
    taken = (c.order.nonce + 1 for c in world.transactions.values() if c.order.account == name)
    most = max(taken, default=used)
    if actual <= max(most, used):
        return None
    detail = (
        f"the next nonce is {actual}, and ours are below {max(most, used)}:"
        f" {actual - max(most, used)} transactions were sent by somebody else"
    )
    return Difference(name, "nonce", used, actual, DifferenceKind.NONCE_AHEAD, detail)


# The chain's own count says that these transactions are not in it: of what they had filled, nothing
# is there, unless one of them comes back.
def _void(world: World, account: AccountSnapshot, *, actual: int, used: int) -> str:
    children = [
        child
        for child in world.children.values()
        if child.order.account == account.account
        and child.gas is not None
        and actual <= child.order.nonce < used
    ]
    named = ", ".join(child.order.id for child in children)
    block = "" if account.block is None else f" of block {account.block.number}"
    said = (
        f"the next nonce is {actual}{block} instead of {used}:"
        f" {named or 'a transaction of before the baseline'} is not in the chain"
    )
    gone = [f"{fill.id} of {fill.child}" for child in children for fill in child.fills]
    if not gone:
        return said
    return f"{said}; if it stays so, headrace bust takes back {', '.join(gone)}"
