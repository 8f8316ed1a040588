"""From an approved plan to child orders, and from the venues' answers to their status."""
