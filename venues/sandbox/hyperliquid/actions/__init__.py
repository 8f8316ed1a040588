"""What clients sign: read, checked, applied."""
