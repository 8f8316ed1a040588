"""Plans for what may happen between decision and inclusion; knows curves, rows and scenarios."""
