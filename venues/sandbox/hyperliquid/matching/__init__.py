"""Orders and how they meet."""
