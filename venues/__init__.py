"""Venue adapters: they translate between the domain and the bytes of a venue."""
