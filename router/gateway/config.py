"""The table ``[gateway]``: who may come in, by which door, and what each may do.

Without it there is the local door alone. Doors listen on the loopback unless they are told another
address, and then only with TLS and with keys: a door that anybody could open is refused.
"""

import base64
import binascii
import ipaddress
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from router.domain.error import ConfigError

Role = Literal["viewer", "trader", "risk", "kill", "ops", "admin"]
EVERY: Final = "*"  # account scope: all accounts of all clients, and what belongs to the whole desk

_PUBLIC_KEY_BYTES: Final = 32
_DIGEST_DIGITS: Final = 64
_SESSION_NAME_MAX: Final = 40  # room for a person's beside it
_OF_SESSIONS: Final = ("fix.", "mass.")  # how those are named who ask by FIX


def _public_key(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _PUBLIC_KEY_BYTES:
        raise ValueError("must be a public Ed25519 key: base64 of its 32 bytes")
    return text


def _digest(text: str) -> str:
    digits = text.replace(":", "").lower()
    if len(digits) != _DIGEST_DIGITS or not set(digits) <= set("0123456789abcdef"):
        raise ValueError("must be the SHA-256 of the certificate's DER form, 64 hex digits")
    return digits


Port = Annotated[int, Field(ge=0, le=65_535)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Variable = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]{0,99}$")]  # a name, never a secret
PublicKey = Annotated[str, AfterValidator(_public_key)]
Digest = Annotated[str, AfterValidator(_digest)]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$")]


class Table(BaseModel):
    """A table of the file: no key that is not known, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class KeySettings(Table):
    """A key of the API: who signs with it, and what that one may do.

    Attributes
    ----------
    ed25519 : str | None
        The public key, base64 of 32 bytes.
    hmac_env : str | None
        The environment variable that holds the shared secret; one of the two.
    accounts : tuple of str
        Of the client's; empty means all of them, ``*`` the whole desk.
    certificate_sha256 : str | None
        The leaf certificate that must come with it, where the door asks for certificates.
    """

    id: Name
    ed25519: PublicKey | None = None
    hmac_env: Variable | None = None
    roles: Annotated[tuple[Role, ...], Field(min_length=1, strict=False)]
    accounts: Annotated[tuple[str, ...], Field(strict=False)] = ()
    certificate_sha256: Digest | None = None

    @model_validator(mode="after")
    def _has_one_secret(self) -> "KeySettings":
        if (self.ed25519 is None) == (self.hmac_env is None):
            raise ValueError("must have either ed25519 or hmac_env")
        return self


class ClientSettings(Table):
    """A client: one namespace of order names, its accounts, and its keys."""

    accounts: Annotated[tuple[Name, ...], Field(min_length=1, strict=False)]
    keys: Annotated[tuple[KeySettings, ...], Field(strict=False)] = ()


class TlsSettings(Table):
    """Certificate and key of a door, and whose certificates it asks for; paths beside the file."""

    certificate: str
    key: str
    client_ca: str | None = None


class HttpSettings(Table):
    """The door for HTTP and WebSocket; port 0 lets the kernel choose."""

    host: str = "127.0.0.1"
    port: Port = 0
    tls: TlsSettings | None = None
    without_keys: bool = False
    """Only on the loopback: whoever connects is admin. For a desk of one, and for rehearsal."""
    window_ms: Annotated[int, Field(ge=100, le=60_000)] = 5_000
    body_bytes_max: Annotated[int, Field(ge=1_024, le=1_048_576)] = 262_144
    requests_per_s: Annotated[int, Field(ge=1)] = 2_000
    requests_burst: Annotated[int, Field(ge=1)] = 4_000
    cancels_per_s: Annotated[int, Field(ge=1)] = 500
    quotes_per_s: Annotated[int, Field(ge=1)] = 50
    streams_max: Annotated[int, Field(ge=1)] = 500
    streams_of_key_max: Annotated[int, Field(ge=1)] = 100


class FixSessionSettings(Table):
    """One FIX session: who it is, and what it is for.

    Attributes
    ----------
    sender : str
        Our CompID (49 of what we send).
    target : str
        Theirs.
    accounts : tuple of str
        Of the client's; empty means all of them. An order without Account(1) is for the only one.
    heartbeat_s : int
        The longest HeartBtInt(108) the peer may ask for.
    cancel_on_disconnect : bool
        Cancel the session's open orders where it does not come back within the grace.
    hears : "own" | "accounts" | None
        Of which orders it is told unasked: those it sent itself, or all of its accounts'. None is
        its own for order entry and its accounts' for a drop copy.
    certificates_sha256 : tuple of str
        The leaf certificates it may come with; needed where the door has TLS.
    """

    kind: Literal["order-entry", "drop-copy", "quotes"]
    client: Name
    sender: Name = "HEADRACE"
    target: Name
    begin_string: Literal["FIX.4.2", "FIX.4.4", "FIXT.1.1"] = "FIX.4.4"
    accounts: Annotated[tuple[str, ...], Field(strict=False)] = ()
    cancel_on_disconnect: bool = False
    grace_s: Seconds = 10
    hears: Literal["own", "accounts"] | None = None
    allow_reset: bool = False
    heartbeat_s: Annotated[int, Field(ge=1, le=300)] = 30
    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_day: str | None = None
    end_day: str | None = None
    messages_per_s: Annotated[int, Field(ge=1)] = 5_000
    messages_burst: Annotated[int, Field(ge=1)] = 10_000
    certificates_sha256: Annotated[tuple[Digest, ...], Field(strict=False)] = ()

    @property
    def hears_others(self) -> bool:
        """Whether it is told of orders that came by another door or session."""
        usual = "own" if self.kind == "order-entry" else "accounts"
        return (self.hears or usual) == "accounts"


class FixSettings(Table):
    """The door for FIX; its stores lie beside the journal."""

    host: str = "127.0.0.1"
    port: Port = 0
    tls: TlsSettings | None = None
    sessions: Annotated[Mapping[Name, FixSessionSettings], Field(min_length=1)]


class GatewaySettings(Table):
    """The whole table.

    Attributes
    ----------
    separate_duties : bool
        No key may both trade and widen what may be traded: trader together with risk or ops.
    """

    separate_duties: bool = False
    clients: Mapping[Name, ClientSettings] = {}
    http: HttpSettings | None = None
    fix: FixSettings | None = None


def parse(table: Mapping[str, object] | None, *, where: str) -> GatewaySettings:
    """Check the table, each key for itself and all of them together.

    Raises
    ------
    ConfigError
        Naming the key and the remedy, and never the value, which may be a secret.
    """
    try:
        settings = GatewaySettings.model_validate(dict(table or {}))
    except ValidationError as error:
        # The model's own text repeats what was typed: it must not go on as the cause.
        raise _fault(error, where) from None
    _check_clients(settings, where=where)
    if settings.http is not None:
        _check_http(settings, settings.http, where=f"{where}.http")
    if settings.fix is not None:
        _check_fix(settings, settings.fix, where=f"{where}.fix")
    return settings


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def beside(config: Path, path: str) -> Path:
    """Return where a file is that the configuration names."""
    return config.parent / path


def _check_clients(settings: GatewaySettings, *, where: str) -> None:
    owners: dict[str, str] = {}
    for name, client in settings.clients.items():
        here = f"{where}.clients.{name}"
        for account in client.accounts:
            owner = owners.setdefault(account, name)
            if owner != name or client.accounts.count(account) > 1:
                raise ConfigError(f"{here}.accounts: {account} is {owner}'s already; rename one")
    ids: dict[str, str] = {}
    for name, client in settings.clients.items():
        for number, key in enumerate(client.keys):
            here = f"{where}.clients.{name}.keys.{number}"
            if key.id.startswith(_OF_SESSIONS):
                raise ConfigError(f"{here}.id: {key.id} would be a FIX session's; choose another")
            if key.id in ids:
                raise ConfigError(f"{here}.id: {key.id} is a key of {ids[key.id]}; choose another")
            ids[key.id] = name
            _check_accounts(key.accounts, client, where=here)
            _check_duties(settings, key, where=here)


def _check_accounts(accounts: tuple[str, ...], client: ClientSettings, *, where: str) -> None:
    if EVERY in accounts and len(accounts) > 1:
        raise ConfigError(f"{where}.accounts: {EVERY} is all of them; leave the others out")
    for account in accounts:
        if account not in {EVERY, *client.accounts}:
            known = ", ".join(client.accounts)
            raise ConfigError(f"{where}.accounts: {account} is not the client's; use {known}")


def _check_duties(settings: GatewaySettings, key: KeySettings, *, where: str) -> None:
    widening = sorted({"risk", "ops"} & set(key.roles))
    if settings.separate_duties and "trader" in key.roles and widening:
        raise ConfigError(
            f"{where}.roles: trader and {widening[0]} are two duties (separate_duties); make two"
            " keys, for two persons"
        )


def _check_http(settings: GatewaySettings, http: HttpSettings, *, where: str) -> None:
    keys = [key for client in settings.clients.values() for key in client.keys]
    if not is_loopback(http.host):
        if http.tls is None:
            raise ConfigError(
                f"{where}.tls: missing; {http.host} can be reached by others: add TLS"
            )
        if http.without_keys:
            raise ConfigError(f"{where}.without_keys: only on the loopback; give clients keys")
    if http.without_keys and keys:
        raise ConfigError(f"{where}.without_keys: there are keys; remove it, or them")
    if not http.without_keys and not keys:
        raise ConfigError(f"{where}: nobody may come in; give a client a key")
    pinned = [key.id for key in keys if key.certificate_sha256 is not None]
    if pinned and (http.tls is None or http.tls.client_ca is None):
        raise ConfigError(
            f"{where}.tls.client_ca: missing; nobody asks for key {pinned[0]}'s certificate"
        )


def _check_fix(settings: GatewaySettings, fix: FixSettings, *, where: str) -> None:
    asks = fix.tls is not None and fix.tls.client_ca is not None
    if not is_loopback(fix.host) and not asks:
        raise ConfigError(
            f"{where}.tls.client_ca: missing; {fix.host} can be reached by others: add TLS that"
            " asks for certificates"
        )
    names: dict[str, str] = {}
    for name, session in fix.sessions.items():
        here = f"{where}.sessions.{name}"
        _check_session(settings, session, where=here)
        _check_name(name, fix.sessions, where=here)
        # So joined they name the files of the session's store.
        comp_ids = f"{session.begin_string}-{session.sender}-{session.target}"
        first = names.setdefault(comp_ids, name)
        if first != name:
            raise ConfigError(f"{here}.target: has the CompIDs of {first}; choose another")
        if session.certificates_sha256 and not asks:
            raise ConfigError(
                f"{here}.certificates_sha256: nobody asks for them; add {where}.tls.client_ca"
            )
        if asks and not session.certificates_sha256:
            raise ConfigError(f"{here}.certificates_sha256: missing; add the peer's certificate")


# Whose an order is, is told by the session's name, with a person's behind a dot.
def _check_name(name: str, sessions: Collection[str], *, where: str) -> None:
    if len(name) > _SESSION_NAME_MAX:
        raise ConfigError(f"{where}: has a longer name than {_SESSION_NAME_MAX}; choose another")
    within = [each for each in sessions if name.startswith(f"{each}.")]
    if within:
        raise ConfigError(f"{where}: would be a person of session {within[0]}; choose another name")


def _check_session(settings: GatewaySettings, session: FixSessionSettings, *, where: str) -> None:
    client = settings.clients.get(session.client)
    if client is None:
        known = ", ".join(sorted(settings.clients)) or "none is configured"
        raise ConfigError(f"{where}.client: {session.client} is unknown; use one of: {known}")
    _check_accounts(session.accounts, client, where=where)
    if EVERY in session.accounts and session.kind != "drop-copy":
        raise ConfigError(f"{where}.accounts: {EVERY} is for drop copies; name the accounts")
    if session.kind != "order-entry" and session.hears == "own":
        raise ConfigError(f"{where}.hears: own is for order entry; a {session.kind} sends no order")
    if (session.start_time is None) != (session.end_time is None):
        raise ConfigError(
            f"{where}.end_time: start_time and end_time belong together; add the other"
        )
    if (session.start_day is None) != (session.end_day is None):
        raise ConfigError(f"{where}.end_day: start_day and end_day belong together; add the other")


def _fault(error: ValidationError, where: str) -> ConfigError:
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    remedies = {
        "extra_forbidden": "unknown key; remove it or correct its spelling",
        "missing": "missing; add it",
    }
    said = remedies.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    if key.endswith("_env") and first["type"] not in remedies:
        said = "must be the name of an environment variable, in capitals; never the secret itself"
    return ConfigError(f"{where}.{key}: {said}")
