"""Ways in: what a client says becomes a parent order, or a clear refusal."""
