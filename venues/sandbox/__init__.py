"""Local counterparties to rehearse against, speaking the real wire protocols."""
