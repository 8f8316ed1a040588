"""`headrace` for a perp venue that does not ration: the command, without what we hold back for it.

The adapter keeps to the request weight that the venue grants a minute. A whole certification in one
minute is more than that, and a fill would be told up to a minute late: that is another test's.
"""

from router.cli.main import main
from venues.hyperliquid.clients import budget

if __name__ == "__main__":
    budget.WEIGHT_PER_WINDOW = 10**9
    main()
