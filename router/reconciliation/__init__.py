"""Our record against the venue's: differences, and what they mean."""
