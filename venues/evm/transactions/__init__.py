"""Signed transactions, from the simulation before them to their last block."""
