"""An agent's key: signs trading, and nothing that lets money leave the account.

Refuses user-signed actions (transfers, withdrawals, approvals): only the master key may sign those,
and it has no place here.
"""

from collections.abc import Mapping

from router.domain.error import NotSentError
from venues.hyperliquid.signing.digest import Signature, agent_digest, connection_id
from venues.hyperliquid.signing.key import Key
from venues.hyperliquid.signing.user_signed import USER_SIGNED
from venues.hyperliquid.spec import VENUE


class AgentSigner:
    """An agent's key on one network; shows its address, never its key.

    Raises
    ------
    ConfigError
        If the key is not one.
    """

    __slots__ = ("_is_mainnet", "_key", "address")

    def __init__(self, key: str, *, is_mainnet: bool) -> None:
        self._key = Key(key, name="agent_key_env")
        self._is_mainnet = is_mainnet
        self.address = self._key.address

    def sign(
        self,
        action: Mapping[str, object],
        *,
        nonce: int,
        vault: bytes | None = None,
        expires_after_ms: int | None = None,
    ) -> Signature:
        """Sign an action; the same arguments always give the same signature (RFC 6979).

        Raises
        ------
        NotSentError
            If only the master key may sign it.
        """
        if action["type"] in USER_SIGNED or "signatureChainId" in action:
            raise NotSentError(
                VENUE, f"an agent may not sign {action['type']}: only the master key may"
            )
        connection = connection_id(
            action, nonce=nonce, vault=vault, expires_after_ms=expires_after_ms
        )
        return self._key.sign(agent_digest(connection, is_mainnet=self._is_mainnet))
