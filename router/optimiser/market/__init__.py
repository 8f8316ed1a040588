"""Candidates of an order as cost curves: from the domain's integers to scaled floats."""
