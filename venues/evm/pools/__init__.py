"""What families of pools share, and what each has to say for itself. Sans I/O."""
