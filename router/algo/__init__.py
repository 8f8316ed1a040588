"""Parent order to slices over time."""
