"""A client of a desk's HTTP door: for programs that send orders and follow them.

It imports nothing of the router, so it can be taken out of the tree and used by itself. It needs
aiohttp, orjson and, for Ed25519, cryptography.
"""

from router.client.asynchronous import AsyncClient
from router.client.blocking import Client
from router.client.connection import Patience
from router.client.error import ClientError, OutcomeUnknownError, RefusedError
from router.client.model import Alteration, Fill, NewOrder, Order, Page, Report
from router.client.signing import Ed25519Signer, HmacSigner

__all__ = [
    "Alteration",
    "AsyncClient",
    "Client",
    "ClientError",
    "Ed25519Signer",
    "Fill",
    "HmacSigner",
    "NewOrder",
    "Order",
    "OutcomeUnknownError",
    "Page",
    "Patience",
    "RefusedError",
    "Report",
]
