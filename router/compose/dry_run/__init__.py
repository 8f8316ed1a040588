"""Quotes: an order planned on a snapshot, and nothing sent."""
