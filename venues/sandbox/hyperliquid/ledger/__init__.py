"""What accounts own and owe, to the micro-dollar."""
