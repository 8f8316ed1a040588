"""Headrace: split a parent order over pools and perp books together, execute it, and prove it."""
