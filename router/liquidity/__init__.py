"""What a market can give, as mathematics: exact integers to execute, floats to optimise."""
