"""Books and reference prices."""
