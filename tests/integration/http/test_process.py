"""The gateway as the process that it is: it says where it listens, serves, and ends when told."""

import asyncio
import datetime as dt
import os
import signal
import ssl
import sys

import aiohttp
import orjson
import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from router.cli import gateway_http
from router.compose.doors.http import parts_of
from router.domain.error import ConfigError
from router.shell.clock import SystemClock
from tests.integration.http.door import config_text, keyed, opened, signature

WORDS = (sys.executable, "-m", "router.cli.main", "gateway", "http")


def written(tmp_path, text):
    path = tmp_path / "headrace.toml"
    path.write_text(text)
    return path


async def started(path):
    process = await asyncio.create_subprocess_exec(
        *WORDS, str(path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        line = await process.stdout.readline()
    return process, orjson.loads(line)


def test_a_process_says_where_it_listens_serves_and_ends_when_told(tmp_path):
    async def story():
        process, facts = await started(written(tmp_path, keyed()))
        target = "/v1/session"
        async with (
            aiohttp.ClientSession() as session,
            session.get(facts["http"] + target, headers=signature("boss", "GET", target)) as told,
        ):
            assert told.status == 200
            assert (await told.json())["key"] == "boss"
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            _, errors = await process.communicate()

        assert facts["ready"] is True
        assert facts["http"] == f"http://127.0.0.1:{facts['port']}"
        assert (process.returncode, errors) == (0, b"")

    asyncio.run(story())


def test_a_port_that_is_taken_is_named(tmp_path):
    async def story():
        taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = taken.sockets[0].getsockname()[1]
        try:
            with pytest.raises(ConfigError, match=r"gateway\.http\.port: cannot listen"):
                async with opened(tmp_path, config_text(f"without_keys = true\nport = {port}")):
                    pass
        finally:
            taken.close()
            await taken.wait_closed()

    asyncio.run(story())


def test_without_its_table_there_is_no_gateway(tmp_path):
    text = config_text().replace("[gateway.http]\nwithout_keys = true", "")

    with pytest.raises(ConfigError, match=r"gateway\.http: missing"):
        gateway_http.run(written(tmp_path, text), port=None, parent=None)
    structlog.reset_defaults()


def test_a_given_port_comes_before_the_configured_one(tmp_path):
    path = written(tmp_path, config_text("without_keys = true\nport = 1"))

    parts = parts_of(path, os.environ, SystemClock(), started_at=0, port=2)

    assert parts.http.port == 2


def test_tls_is_spoken_and_a_client_without_certificate_is_not_let_in(tmp_path):
    authority = certificate(tmp_path, "authority", None)
    certificate(tmp_path, "server", authority)
    certificate(tmp_path, "client", authority)
    tls = 'tls = { certificate = "server.pem", key = "server.key", client_ca = "authority.pem" }'

    async def story():
        async with opened(tmp_path, config_text(f"without_keys = true\n{tls}")) as client:
            url = f"https://localhost:{client.port}/live"
            known = ssl.create_default_context(cafile=tmp_path / "authority.pem")
            with pytest.raises(aiohttp.ClientError):
                await fetched(url, known)
            known.load_cert_chain(tmp_path / "client.pem", tmp_path / "client.key")
            assert await fetched(url, known) == {"live": True}
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await client.ask("GET", "/live")  # in the clear

    asyncio.run(story())


async def fetched(url, context):
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
        session.get(url) as told,
    ):
        return await told.json()


def certificate(folder, name, issuer):
    """Write a certificate and its key; return both."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    signer, issued_by = (key, subject) if issuer is None else issuer
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(Encoding.PEM))
    secret = folder / f"{name}.key"
    secret.touch(0o600)
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key, subject
