"""Counterparties of this folder's own: what is traded here is in nobody else's way."""

from tests.integration.cli.conftest import counterparties

__all__ = ["counterparties"]
