"""An order over time: the convex programme of its slices, and the proof of its answer."""
