"""What became of our orders, what may still be asked, and the wider ways to trade."""
