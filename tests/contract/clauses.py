"""The contract of `router.port.Venue`: every clause, by its id.

A clause is a check of one started venue through its harness, and says something the router relies
on. Ids have gaps, so that a clause can come between two others, and are never used again for
something else; V-CHAIN-50 was one.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from tests.contract.accounts import ACCOUNTS
from tests.contract.blocks import BLOCKS
from tests.contract.branches import BRANCHES
from tests.contract.execution import EXECUTION
from tests.contract.harness import Harness
from tests.contract.market_data import DATA
from tests.contract.replacement import REPLACEMENT
from tests.contract.waiting import WAITING

CLAUSES: Final[Mapping[str, Callable[[Harness], Awaitable[None]]]] = {
    **DATA,
    **EXECUTION,
    **WAITING,
    **ACCOUNTS,
    **BLOCKS,
    **BRANCHES,
    **REPLACEMENT,
}
