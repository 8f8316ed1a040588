"""Every action an agent may sign, as the venue writes it: pure builders, one module a kind."""
