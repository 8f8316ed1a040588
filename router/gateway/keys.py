"""The keys of the configuration, ready to check signatures with: public keys and shared secrets.

Secrets come from the environment at the start, are never shown, and a weak one is refused; so is a
public key for which everybody can sign.
"""

import base64
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nacl.bindings import crypto_core_ed25519_is_valid_point

from router.domain.error import ConfigError
from router.gateway import access
from router.gateway.access import Principal
from router.gateway.config import ClientSettings, GatewaySettings, KeySettings, TlsSettings, beside

_SECRET_BYTES_MIN: Final = 32
_SECRET_KINDS_MIN: Final = 8  # different characters; a word typed again and again has fewer


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the API.

    Attributes
    ----------
    ed25519 : str | None
        The public key, base64; one of the two.
    secret : bytes | None
        What HMAC is keyed with.
    certificate : str | None
        SHA-256 of the certificate that must come with it, in hex.
    """

    principal: Principal
    ed25519: str | None
    secret: bytes | None = field(repr=False)
    certificate: str | None = None


def resolve(
    settings: GatewaySettings, environment: Mapping[str, str], *, where: str
) -> Mapping[str, Key]:
    """Return every key by its id, with the secrets that the environment holds.

    Raises
    ------
    ConfigError
        Naming the variable that is not set or too weak, and never its value; or the public key that
        is none.
    """
    secrets: dict[bytes, str] = {}
    keys: dict[str, Key] = {}
    for name, client in settings.clients.items():
        for number, key in enumerate(client.keys):
            _check_public(key.ed25519, where=f"{where}.clients.{name}.keys.{number}.ed25519")
            here = f"{where}.clients.{name}.keys.{number}.hmac_env"
            secret = _secret(key.hmac_env, environment, where=here)
            if secret is not None and secrets.setdefault(secret, key.id) != key.id:
                raise ConfigError(
                    f"{here}: {key.hmac_env} holds the secret of key {secrets[secret]}, too; make"
                    " another"
                )
            keys[key.id] = _key(name, client, key, secret=secret)
    return keys


def check_files(settings: GatewaySettings, config: Path, *, where: str) -> None:
    """Refuse doors whose certificates are not there, or whose keys others can read.

    Raises
    ------
    ConfigError
        Naming the file and the remedy.
    """
    doors = {"http": settings.http, "fix": settings.fix}
    for name, door in doors.items():
        if door is not None and door.tls is not None:
            _check_tls(door.tls, config, where=f"{where}.{name}.tls")


def _key(name: str, client: ClientSettings, key: KeySettings, *, secret: bytes | None) -> Key:
    principal = access.of_key(name, client, key)
    return Key(principal, key.ed25519, secret, key.certificate_sha256)


# Of the order of the group, and written as it must be: there is no private key of any other.
def _check_public(text: str | None, *, where: str) -> None:
    if text is not None and not crypto_core_ed25519_is_valid_point(base64.b64decode(text)):
        raise ConfigError(f"{where}: is not the public half of an Ed25519 key; copy it anew")


def _secret(variable: str | None, environment: Mapping[str, str], *, where: str) -> bytes | None:
    if variable is None:
        return None
    text = environment.get(variable)
    if not text:
        raise ConfigError(f"{where}: environment variable {variable} is not set; set it")
    if len(text.encode()) < _SECRET_BYTES_MIN or len(set(text)) < _SECRET_KINDS_MIN:
        raise ConfigError(
            f"{where}: environment variable {variable} holds a weak secret; use at least"
            f" {_SECRET_BYTES_MIN} random characters"
        )
    return text.encode()


def _check_tls(tls: TlsSettings, config: Path, *, where: str) -> None:
    named = {"certificate": tls.certificate, "key": tls.key, "client_ca": tls.client_ca}
    for field_name, name in named.items():
        if name is not None and not beside(config, name).is_file():
            raise ConfigError(f"{where}.{field_name}: {name} is no file; correct the path")
    mode = stat.S_IMODE(beside(config, tls.key).stat().st_mode)
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise ConfigError(f"{where}.key: {tls.key} is open to others; chmod 600 it")
