"""Keys that are bound to certificates, over TLS that asks for them."""

import asyncio
import datetime as dt
import ipaddress
import os
import ssl

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from router.compose.doors.http import parts_of, serving
from router.domain.error import ConfigError
from router.shell.clock import SystemClock
from tests.integration.http.door import keyed, signature

TODAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PEM = serialization.Encoding.PEM


class Authority:
    """Makes certificates and puts them into files."""

    def __init__(self, folder, name="authority"):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.path = folder / f"{name}.pem"
        own = self._certificate(self._name, self._key.public_key(), is_authority=True)
        self.path.write_bytes(own.public_bytes(PEM))

    def issue(self, name):
        """Return the paths of a certificate and its key, and its SHA-256."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._certificate(subject, key.public_key(), is_authority=False)
        paths = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        paths[0].write_bytes(made.public_bytes(PEM))
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        paths[1].touch(mode=0o600)
        paths[1].write_bytes(key.private_bytes(PEM, form, plain))
        return *paths, made.fingerprint(hashes.SHA256()).hex()

    def _certificate(self, subject, public, *, is_authority):
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        usage = dict.fromkeys(
            (
                *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
                *("encipher_only", "decipher_only"),
            ),
            False,
        )
        signs = {"key_cert_sign": is_authority, "crl_sign": is_authority}
        own, issuer = (
            x509.SubjectKeyIdentifier.from_public_key(each)
            for each in (public, self._key.public_key())
        )
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(TODAY - dt.timedelta(days=3_650))
            .not_valid_after(TODAY + dt.timedelta(days=36_500))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(digital_signature=True, **usage, **signs), critical=True)
            .add_extension(own, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer),
                critical=False,
            )
            .add_extension(here, critical=False)
            .sign(self._key, hashes.SHA256())
        )


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def told(tmp_path, authority, *, pinned, shown):
    """Return what a door that asks for certificates answers to the trader's key with one."""
    authority.issue("door")
    text = keyed(
        'tls = { certificate = "door.pem", key = "door.key", client_ca = "authority.pem" }'
    )
    pin = f'id = "trader"\ncertificate_sha256 = "{pinned}"'
    config = tmp_path / "headrace.toml"
    config.write_text(text.replace('id = "trader"', pin))
    (tmp_path / "j").mkdir()
    context = ssl.create_default_context(cafile=authority.path)
    if shown is not None:
        context.load_cert_chain(*shown)

    async def work():
        clock = SystemClock()
        parts = parts_of(config, os.environ, clock, started_at=clock.now() - 2 * 10**9)
        head = signature("trader", "GET", "/v1/session")
        async with (
            asyncio.timeout(20),
            serving(parts) as port,
            aiohttp.ClientSession(headers=head) as session,
            session.get(f"https://127.0.0.1:{port}/v1/session", ssl=context) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    return asyncio.run(work())


def test_a_key_comes_with_the_certificate_it_is_bound_to(tmp_path, authority):
    *mine, pin = authority.issue("mine")

    status, said = told(tmp_path, authority, pinned=pin, shown=mine)

    assert (status, said["key"]) == (200, "trader")


def test_a_key_does_not_come_with_another_certificate_of_the_same_authority(tmp_path, authority):
    *_, pin = authority.issue("mine")
    *others, _ = authority.issue("others")

    status, said = told(tmp_path, authority, pinned=pin, shown=others)

    assert status == 401
    assert "belongs to another certificate" in said["detail"]


def test_who_shows_no_certificate_is_not_heard(tmp_path, authority):
    *_, pin = authority.issue("mine")

    with pytest.raises((aiohttp.ClientError, OSError)):
        told(tmp_path, authority, pinned=pin, shown=None)


def test_who_shows_a_certificate_of_another_authority_is_not_heard(tmp_path, authority):
    stranger = Authority(tmp_path, "stranger")
    *strange, pin = stranger.issue("mine")

    with pytest.raises((aiohttp.ClientError, OSError)):
        told(tmp_path, authority, pinned=pin, shown=strange)


def test_a_door_whose_key_others_can_read_is_not_opened(tmp_path, authority):
    *_, pin = authority.issue("mine")
    authority.issue("door")
    issue = authority.issue

    def careless(name):
        made = issue(name)
        made[1].chmod(0o644)
        return made

    authority.issue = careless
    with pytest.raises(ConfigError, match=r"door\.key is open to others; chmod 600"):
        told(tmp_path, authority, pinned=pin, shown=None)
