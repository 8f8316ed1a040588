"""The gateways as processes: what each is made of, and the daemon's keeping them at work."""
