"""What clients may ask for, by family: the wire form of each action and its typed meaning."""
