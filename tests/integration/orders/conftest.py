"""Counterparties of this folder's own: what is traded here is in nobody else's way."""

from tests.integration.cli.conftest import counterparties as counterparties
from tests.integration.cli.conftest import desk as desk
from tests.integration.cli.conftest import serving as serving
