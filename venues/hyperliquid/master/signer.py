"""The master key: signs what moves money out of the account, and who may trade for it.

For a person at a command line and for rehearsals; nothing that trades by itself may import it.
Refuses nothing a request already was refused for: `requests` checks them when they are made.
"""

from collections.abc import Mapping

from venues.hyperliquid.master.requests import MasterRequest
from venues.hyperliquid.master.typed_data import MessageType, Value, digest
from venues.hyperliquid.signing import Signature, agent_digest, connection_id
from venues.hyperliquid.signing.key import Key


class MasterSigner:
    """A master account's key on one network; shows its address, never its key.

    Raises
    ------
    ConfigError
        If the key is not one.
    """

    __slots__ = ("_key", "address", "is_mainnet")

    def __init__(self, key: str, *, is_mainnet: bool) -> None:
        self._key = Key(key, name="key-env")
        self.is_mainnet = is_mainnet
        self.address = self._key.address

    def sign(self, request: MasterRequest) -> Signature:
        """Sign a request; its action is `MasterRequest.as_action` of the same network."""
        return self.sign_message(request.kind, request.message)

    def sign_message(self, kind: MessageType, message: Mapping[str, Value]) -> Signature:
        """Sign a readable message."""
        return self._key.sign(digest(kind, message, is_mainnet=self.is_mainnet))

    def sign_action(
        self,
        action: Mapping[str, object],
        *,
        nonce: int,
        vault: bytes | None = None,
        expires_after_ms: int | None = None,
    ) -> Signature:
        """Sign an action that an agent may sign too; some the venue takes from the master only."""
        return self.sign_connection(
            connection_id(action, nonce=nonce, vault=vault, expires_after_ms=expires_after_ms)
        )

    def sign_connection(self, connection: bytes) -> Signature:
        """Sign the hash of an action."""
        return self._key.sign(agent_digest(connection, is_mainnet=self.is_mainnet))
