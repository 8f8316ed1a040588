"""Whose account it is, what it holds, and what keeps it safe."""
