"""Children into the calldata of routers, and receipts into fills. Sans I/O."""
