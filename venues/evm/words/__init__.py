"""The words of nodes and contracts: bytes, hex and JSON into values and back. Sans I/O."""
