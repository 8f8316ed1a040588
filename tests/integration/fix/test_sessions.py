"""Who may come in, what a session may ask for, and what happens to its orders when it goes."""

import asyncio
import datetime as dt
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.fix.desk import Desk, served
from tests.integration.fix.ems import Ems
from tests.integration.fix.gateway import Gateway, connected, order, running, session

CANCEL = "11=c1|41=a1|55=ETH/USDC|54=1|60=20260101-00:00:00|38=1.5|"
TABLES = (
    session("EMS"),
    session("OTHER"),
    session("BROKEN", allow_reset="true"),
    session("FIRST"),
    session("SECOND"),
    session("BOTH", hears='"accounts"'),
    session("COPY", "drop-copy", accounts='["main"]'),
    session("QUOTES", "quotes"),
    session("NEW", begin_string='"FIXT.1.1"'),
    session("OLD", begin_string='"FIX.4.2"'),
    session("SLOW", messages_per_s=1, messages_burst=2),
    session("GONE", cancel_on_disconnect="true", grace_s=1, accounts='["main"]'),
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running(Gateway(tmp_path_factory.mktemp("fix"), "\n".join(TABLES))) as process:
        yield process


@pytest.mark.parametrize(
    "who",
    [
        {"target": "NOBODY"},
        {"target": "EMS", "begin": "FIX.4.2"},
        {"target": "OLD", "begin": "FIX.4.4"},
    ],
)
def test_strangers_are_hung_up_on_without_a_word(gateway, who):
    async def play():
        async with connected(gateway, **who) as peer:
            await peer.log_on()
            assert await peer.is_hung_up_on()

    asyncio.run(play())


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"8=FIX.4.4\x019=5\x0135=0\x0110=000\x01",
        b"8=FIX.4.4\x019=999999\x01",
        b"\x16\x03\x01" + bytes(200),
    ],
)
def test_what_is_no_logon_is_hung_up_on(gateway, said):
    async def play():
        async with connected(gateway) as peer:
            peer.raw(said)
            assert await peer.is_hung_up_on()

    asyncio.run(play())


def test_a_message_without_an_end_is_not_kept_for_ever(gateway):
    async def play():
        async with connected(gateway, target="BROKEN") as peer:
            await peer.logged_on(more="141=Y|")
            peer.raw(b"8=FIX.4.4\x019=900000000\x0135=0\x0158=" + b"x" * (17 << 20))
            assert await peer.is_hung_up_on()

    asyncio.run(play())


@pytest.mark.parametrize("body", ["98=9|108=30|", "98=0|108=30|108=0|", "98=0|108=30|38=1|"])
def test_a_logon_that_the_engine_does_not_answer_keeps_nobody_out(gateway, body):
    async def play():
        async with connected(gateway, target="BROKEN") as broken:
            broken.send("A", body, number=1)
            assert await broken.is_hung_up_on()
            async with connected(gateway, target="BROKEN") as peer:
                await peer.logged_on(more="141=Y|")

    asyncio.run(play())


def test_a_second_one_of_the_same_name_is_hung_up_on_and_the_first_goes_on(gateway):
    async def play():
        async with connected(gateway, target="OTHER") as first:
            await first.logged_on()
            async with connected(gateway, target="OTHER") as second:
                await second.log_on()
                assert await second.is_hung_up_on()
            first.send("1", "112=q|")
            await first.expect("0", f112="q", f34="2")

    asyncio.run(play())


@pytest.mark.parametrize(
    ("target", "begin", "fields"),
    [("NEW", "FIXT.1.1", {"f1137": "9"}), ("OLD", "FIX.4.2", {})],
)
def test_other_versions_are_spoken(gateway, target, begin, fields):
    async def play():
        desk, ems = Desk(), Ems(target, begin=begin)
        async with served(desk, gateway.journal):
            async with connected(gateway, target=target, begin=begin) as peer:
                await peer.logged_on(**fields)
            ems.next_in = ems.next_out = 2
            async with ems.on_line(gateway):
                ems.send("D", order("a1"))
                said = await ems.took_exec("a1", "0")

        assert said[20] == ("0" if begin == "FIX.4.2" else None)

    asyncio.run(play())


@pytest.mark.parametrize("beat", ["0", "-1", "31", "86400", "x"])
def test_a_heartbeat_that_would_not_notice_a_dead_line_is_not_agreed_to(gateway, beat):
    async def play():
        async with connected(gateway, target="EMS") as peer:
            peer.send("A", f"98=0|108={beat}|", number=1)
            assert await peer.is_hung_up_on()

    asyncio.run(play())


def test_without_its_version_a_logon_of_fixt_is_refused(gateway):
    async def play():
        async with connected(gateway, target="NEW", begin="FIXT.1.1") as peer:
            peer.send("A", "98=0|108=30|", number=50)
            said = await peer.receive()
            assert said.kind in {None, "3", "5"}

    asyncio.run(play())


def test_a_drop_copy_is_told_of_its_accounts_and_takes_no_orders(gateway):
    async def play():
        desk, ems, copy = Desk(), Ems("EMS"), Ems("COPY")
        async with (
            served(desk, gateway.journal),
            ems.on_line(gateway),
            copy.on_line(gateway),
        ):
            ems.send("D", order("d1", account="other"))
            ems.send("D", order("d2", account="main"))
            await ems.took_exec("d2", "0")
            told = await copy.took_exec("d2", "0")
            copy.send("D", order("d3"))
            refused = await copy.took(lambda said: said.kind == "j")

        assert told[797] == "Y"
        assert "d1" in desk.orders
        assert "d1" not in [said[11] for said in copy.reports]
        assert (refused[372], refused[380]) == ("D", "6")
        assert "d3" not in desk.orders

    asyncio.run(play())


def test_a_session_is_told_of_its_own_orders_and_of_others_where_it_is_to_hear_them(gateway):
    async def play():
        desk, ems, other, both = Desk(), Ems("FIRST"), Ems("SECOND"), Ems("BOTH")
        async with (
            served(desk, gateway.journal),
            ems.on_line(gateway),
            other.on_line(gateway),
            both.on_line(gateway),
        ):
            ems.send("D", order("s1"))
            await ems.took_exec("s1", "0")
            await both.took_exec("s1", "0")
            asked = {
                "request": "s2",
                "asked_by": "fix.SECOND.ann",
                "original_client_order_id": "s1",
            }
            await desk.report("s1", "canceled", "canceled", **asked)
            ended = [await each.took(lambda said: said[150] == "4") for each in (ems, other, both)]
            other.send("D", order("s3"))
            await other.took_exec("s3", "0")

        assert {said[37] for said in ended} == {"o-s1"}
        # Nothing of it but the answer to what it asked of it.
        assert [said[150] for said in other.reports if said[37] == "o-s1"] == ["4"]
        assert not [said for said in ems.reports if said[37] == "o-s3"]

    asyncio.run(play())


def test_too_many_orders_are_refused_and_a_cancel_passes(gateway):
    async def play():
        desk, ems = Desk(), Ems("SLOW")
        async with served(desk, gateway.journal), ems.on_line(gateway):
            for number in range(6):
                ems.send("D", order(f"t{number}"))
            ems.send("F", CANCEL)
            refused = await ems.took_exec("t5", "8")
            await desk.was_asked("find")

        assert "THROTTLE" in refused[58]
        assert "t5" not in desk.orders
        assert {"t0", "t1"} <= set(desk.orders)

    asyncio.run(play())


def test_open_orders_of_a_peer_that_does_not_come_back_are_cancelled(gateway):
    async def play():
        desk, ems = Desk(), Ems("GONE")
        async with served(desk, gateway.journal):
            async with ems.on_line(gateway):
                ems.send("D", order("g1"))
                await ems.took_exec("g1", "0")
            async with ems.on_line(gateway):
                ems.send("D", order("g2"))
                await ems.took_exec("g2", "0")
                assert not desk.told("mass_cancel")
                ems.log_out()
            asked = await desk.was_asked("mass_cancel")

        assert len(asked) == 1
        assert (asked[0]["client"], asked[0]["accounts"]) == ("desk", ["main"])

    asyncio.run(play())


def test_a_peer_that_was_there_when_the_gateway_died_is_waited_for(tmp_path):
    async def play():
        gateway, desk, ems = Gateway(tmp_path, TABLES[-1]), Desk(), Ems("GONE")
        async with served(desk, gateway.journal):
            with running(gateway):
                async with ems.on_line(gateway):
                    ems.send("D", order("g1"))
                    await ems.took_exec("g1", "0")
                    gateway.kill()
                gateway.start()
                asked = await desk.was_asked("mass_cancel")

        assert len(asked) == 1

    asyncio.run(play())


def test_a_certificate_opens_its_own_session_alone(tmp_path):
    ours, theirs, other = (_certificate(tmp_path, name) for name in ("localhost", "ems", "other"))
    (tmp_path / "ca.pem").write_bytes(theirs.read_bytes() + other.read_bytes())
    tables = (
        '[gateway.fix.tls]\ncertificate = "localhost.pem"\nkey = "localhost.key"\n'
        'client_ca = "ca.pem"\n'
        + session("EMS", certificates_sha256=f'["{_digest(theirs)}"]')
        + session("OTHER", certificates_sha256=f'["{_digest(other)}"]')
    )

    async def play(gateway):
        async with connected(gateway, tls=_context(ours, theirs), target="EMS") as peer:
            await peer.logged_on()
        async with connected(gateway, tls=_context(ours, theirs), target="OTHER") as peer:
            await peer.log_on()
            assert await peer.is_hung_up_on()
        async with connected(gateway, tls=_context(ours, other), target="OTHER") as peer:
            await peer.logged_on()
        async with connected(gateway, target="EMS") as peer:
            await peer.log_on(2)
            assert await peer.is_hung_up_on()
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            async with connected(gateway, tls=_context(ours, None), target="EMS") as peer:
                await peer.logged_on(2)

    with running(Gateway(tmp_path, tables)) as gateway:
        asyncio.run(play(gateway))


def _certificate(directory, name):
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / f"{name}.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = path.with_suffix(".key")
    secret.touch(mode=0o600)
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def _digest(path):
    return x509.load_pem_x509_certificate(path.read_bytes()).fingerprint(hashes.SHA256()).hex()


def _context(server, client):
    context = ssl.create_default_context(cafile=str(server))
    if client is not None:
        context.load_cert_chain(str(client), str(client.with_suffix(".key")))
    return context
