"""What the venue tells those who ask."""
