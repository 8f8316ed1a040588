"""After the trade, from the journal alone: what it cost, and the story of it."""
