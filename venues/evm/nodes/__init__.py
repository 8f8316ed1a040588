"""Nodes behind connections: which is healthy, and what it is asked."""
