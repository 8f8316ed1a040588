"""Hyperliquid perpetual books, traded by an approved agent key. Refuses spot and vaults."""
