"""What came in and what was decided about it: codec, hash chain, replay. Owns no file."""
