"""Following the chain: heads and logs, and what they tell of pools."""
