"""Requests to the venue and their answers: questions, actions, nonces, budgets."""
