"""Counterparties of this folder's own: what is traded here is in nobody else's way."""

from tests.integration.cli.conftest import counterparties, desk, serving

__all__ = ["counterparties", "desk", "serving"]
