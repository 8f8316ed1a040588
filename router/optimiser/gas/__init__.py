"""Fixed costs: which pools are worth their gas."""
