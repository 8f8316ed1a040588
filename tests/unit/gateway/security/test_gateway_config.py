import base64
import copy
from pathlib import Path

import pytest

from router.domain.error import ConfigError
from router.gateway import keys
from router.gateway.config import is_loopback, parse

PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
CANARY = "sk_live_canary_Zx81Qw_77"
SECRET = "".join(map(chr, range(ord("A"), ord("A") + 32)))
PIN = "ab" * 32


def table():
    return {
        "clients": {
            "alpha": {
                "accounts": ["a1", "a2"],
                "keys": [
                    {"id": "k1", "ed25519": PUBLIC, "roles": ["trader"]},
                    {"id": "k2", "hmac_env": "ALPHA_SECRET", "roles": ["viewer"]},
                ],
            },
            "beta": {"accounts": ["b1"]},
        },
        "http": {},
        "fix": {
            "sessions": {
                "one": {"kind": "order-entry", "client": "alpha", "target": "EMS"},
                "two": {"kind": "drop-copy", "client": "beta", "target": "OPS"},
            }
        },
    }


def changed(path, value):
    changing = copy.deepcopy(table())
    *way, last = path
    place = changing
    for step in way:
        place = place[step]
    if isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return changing


def fault(made):
    with pytest.raises(ConfigError) as caught:
        parse(made, where="desk.toml: gateway")
    return str(caught.value)


def test_a_table_that_is_right_is_taken():
    settings = parse(table(), where="gateway")

    assert settings.clients["alpha"].keys[1].hmac_env == "ALPHA_SECRET"
    assert settings.http.host == "127.0.0.1"


def test_without_a_table_there_is_no_door():
    settings = parse(None, where="gateway")

    assert (settings.http, settings.fix) == (None, None)


TLS = {"certificate": "c.pem", "key": "k.pem"}
ASKING = {**TLS, "client_ca": "ca.pem"}
KEY = ("clients", "alpha", "keys")
ONE = ("fix", "sessions", "one")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("clients", "beta", "accounts"), ["a1"], "clients.beta.accounts: a1 is alpha's already"),
        (("clients", "beta", "accounts"), ["b1", "b1"], "clients.beta.accounts: b1 is beta's"),
        ((*KEY, 1, "id"), "k1", "clients.alpha.keys.1.id: k1 is a key of alpha"),
        ((*KEY, 0, "accounts"), ["b1"], "keys.0.accounts: b1 is not the client's; use a1, a2"),
        ((*KEY, 0, "accounts"), ["*", "a1"], "keys.0.accounts: * is all of them"),
        ((*KEY, 0, "roles"), [], "keys.0.roles: "),
        ((*KEY, 0, "roles"), ["root"], "keys.0.roles.0: "),
        ((*KEY, 0, "hmac_env"), "ALSO", "keys.0: must have either ed25519 or hmac_env"),
        ((*KEY, 0, "ed25519"), PUBLIC[:-4], "keys.0.ed25519: must be a public Ed25519 key"),
        (
            (*KEY, 0, "certificate_sha256"),
            PIN[1:],
            "keys.0.certificate_sha256: must be the SHA-256",
        ),
        ((*KEY, 0, "certificate_sha256"), PIN, "http.tls.client_ca: missing"),
        (("http", "host"), "0.0.0.0", "http.tls: missing; 0.0.0.0 can be reached by others"),  # noqa: S104
        (("http", "host"), "::", "http.tls: missing; :: can be reached by others"),
        (("http", "host"), "desk.example", "http.tls: missing; desk.example can be reached"),
        (("http", "without_keys"), True, "http.without_keys: there are keys"),
        (("http", "window_ms"), 99, "http.window_ms: "),
        (("http", "bogus"), 1, "http.bogus: unknown key"),
        (("fix", "host"), "10.0.0.1", "fix.tls.client_ca: missing; 10.0.0.1 can be reached"),
        (("fix", "tls"), ASKING, "sessions.one.certificates_sha256: missing"),
        (
            (*ONE, "client"),
            "gamma",
            "sessions.one.client: gamma is unknown; use one of: alpha, beta",
        ),
        ((*ONE, "accounts"), ["b1"], "sessions.one.accounts: b1 is not the client's"),
        ((*ONE, "accounts"), ["*"], "sessions.one.accounts: * is for drop copies"),
        (("fix", "sessions", "two", "hears"), "own", "sessions.two.hears: own is for order entry"),
        ((*ONE, "hears"), "all", "sessions.one.hears: "),
        ((*ONE, "target"), "OPS", "sessions.two.target: has the CompIDs of one"),
        ((*ONE, "certificates_sha256"), [PIN], "sessions.one.certificates_sha256: nobody asks"),
        ((*ONE, "start_time"), "08:00:00", "sessions.one.end_time: start_time and end_time"),
        ((*ONE, "start_time"), "8:00", "sessions.one.start_time: "),
        ((*ONE, "start_day"), "monday", "sessions.one.end_day: start_day and end_day"),
    ],
)
def test_what_would_let_in_more_than_was_meant_is_refused_by_its_key(path, value, said):
    found = fault(changed(path, value))

    assert said in found
    assert found.startswith("desk.toml: gateway.")


def test_a_public_door_for_http_with_tls_still_needs_keys():
    made = table() | {"http": {"host": "192.0.2.1", "tls": TLS, "without_keys": True}}
    del made["clients"]["alpha"]["keys"]

    assert "http.without_keys: only on the loopback" in fault(made)


def test_a_door_that_nobody_may_use_is_refused():
    made = table()
    del made["clients"]["alpha"]["keys"]

    assert "http: nobody may come in" in fault(made)


def test_doors_for_others_with_all_they_need_are_taken():
    made = table()
    made["http"] = {"host": "192.0.2.1", "tls": ASKING}
    made["clients"]["alpha"]["keys"][0]["certificate_sha256"] = ":".join(["AB"] * 32)
    made["fix"] |= {"host": "192.0.2.1", "tls": ASKING}
    for session in made["fix"]["sessions"].values():
        session["certificates_sha256"] = [PIN]

    settings = parse(made, where="gateway")

    assert settings.clients["alpha"].keys[0].certificate_sha256 == PIN


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("one.ann", {}, "sessions.one.ann: would be a person of session one"),
        ("n" * 41, {}, "has a longer name than 40"),
        ("three", {"sender": "HEADRACE-EMS", "target": "X"}, "has the CompIDs of four"),
    ],
)
def test_sessions_that_would_be_taken_for_each_other_are_refused(name, changes, said):
    session = {"kind": "order-entry", "client": "alpha", "target": "NEW"}
    made = changed(("fix", "sessions", "four"), {**session, "target": "EMS-X"})
    made["fix"]["sessions"][name] = {**session, **changes}

    assert said in fault(made)


def test_a_key_is_not_named_as_a_session_is():
    made = changed(("clients", "alpha", "keys", 0, "id"), "fix.one")

    assert "keys.0.id: fix.one would be a FIX session's" in fault(made)


def test_the_same_peer_may_have_two_versions():
    made = changed((*ONE, "target"), "OPS")
    made["fix"]["sessions"]["one"]["begin_string"] = "FIX.4.2"

    assert len(parse(made, where="gateway").fix.sessions) == 2


def test_a_drop_copy_may_be_of_everything():
    made = changed(("fix", "sessions", "two", "accounts"), ["*"])

    assert parse(made, where="gateway").fix.sessions["two"].accounts == ("*",)


@pytest.mark.parametrize("other", ["risk", "ops"])
def test_where_duties_are_separate_no_key_both_trades_and_widens(other):
    made = changed((*KEY, 0, "roles"), ["trader", other])
    assert parse(made, where="gateway").clients

    assert f"keys.0.roles: trader and {other} are two duties" in fault(
        made | {"separate_duties": True}
    )


@pytest.mark.parametrize(
    "path",
    [
        (*KEY, 1, "hmac_env"),
        (*KEY, 0, "ed25519"),
        (*KEY, 0, "certificate_sha256"),
        (*KEY, 0, "password"),
        ("http", "token"),
        ("http", "port"),
        (*ONE, "certificates_sha256"),
    ],
)
def test_a_secret_that_was_typed_in_the_wrong_place_is_not_repeated(path):
    with pytest.raises(ConfigError) as caught:
        parse(changed(path, CANARY), where="gateway")

    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        *(("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("localhost", True)),
        *(("0.0.0.0", False), ("", False), ("10.0.0.1", False), ("localhost.example", False)),  # noqa: S104
    ],
)
def test_only_this_machine_is_the_loopback(host, is_ours):
    assert is_loopback(host) is is_ours


def test_keys_are_resolved_with_the_secrets_of_the_environment():
    found = keys.resolve(parse(table(), where="g"), {"ALPHA_SECRET": SECRET}, where="g")

    assert (found["k1"].ed25519, found["k1"].secret) == (PUBLIC, None)
    assert (found["k2"].ed25519, found["k2"].secret) == (None, SECRET.encode())
    assert (found["k2"].principal.client, found["k2"].principal.key) == ("alpha", "k2")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "ALPHA_SECRET is not set"),
        ({"ALPHA_SECRET": ""}, "ALPHA_SECRET is not set"),
        ({"ALPHA_SECRET": CANARY}, "ALPHA_SECRET holds a weak secret"),
        ({"ALPHA_SECRET": "ab" * 20}, "ALPHA_SECRET holds a weak secret"),
    ],
)
def test_a_secret_that_is_missing_or_weak_is_refused_by_its_variables_name(environment, said):
    with pytest.raises(ConfigError) as caught:
        keys.resolve(parse(table(), where="g"), environment, where="g")

    assert str(caught.value).startswith("g.clients.alpha.keys.1.hmac_env: environment variable ")
    assert said in str(caught.value)
    assert not any(value and value in str(caught.value) for value in environment.values())


@pytest.mark.parametrize(
    "point",
    [
        b"\x01" + bytes(31),  # the identity: everybody can sign for it
        bytes(32),  # of order 4
        (2**255 - 1).to_bytes(32, "little"),  # y is not below the prime
        b"\x02" + bytes(31),  # no point has this y
    ],
)
def test_what_is_no_public_key_is_refused_by_its_place(point):
    made = changed((*KEY, 0, "ed25519"), base64.b64encode(point).decode())

    with pytest.raises(ConfigError, match=r"^g\.clients\.alpha\.keys\.0\.ed25519: is not"):
        keys.resolve(parse(made, where="g"), {"ALPHA_SECRET": SECRET}, where="g")


def test_two_keys_do_not_share_a_secret():
    made = changed((*KEY, 2), {"id": "k3", "hmac_env": "OTHER", "roles": ["trader"]})

    with pytest.raises(ConfigError, match=r"OTHER holds the secret of key k2, too") as caught:
        keys.resolve(parse(made, where="g"), {"ALPHA_SECRET": SECRET, "OTHER": SECRET}, where="g")

    assert SECRET not in str(caught.value)


def with_tls(folder: Path, *, mode=0o600, leave_out=()):
    for name in ("c.pem", "k.pem", "ca.pem"):
        if name not in leave_out:
            (folder / name).write_text(name)
            (folder / name).chmod(mode)
    return parse(table() | {"http": {"tls": ASKING}}, where="g")


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_keys_of_doors_that_only_their_owner_reads_are_taken(tmp_path, mode):
    keys.check_files(with_tls(tmp_path, mode=mode), tmp_path / "desk.toml", where="g")


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o666])
def test_a_key_of_a_door_that_others_can_read_is_refused(tmp_path, mode):
    settings = with_tls(tmp_path, mode=mode)

    with pytest.raises(ConfigError, match=r"^g\.http\.tls\.key: k\.pem is open to others; chmod"):
        keys.check_files(settings, tmp_path / "desk.toml", where="g")


@pytest.mark.parametrize(
    ("name", "field"), [("c.pem", "certificate"), ("k.pem", "key"), ("ca.pem", "client_ca")]
)
def test_a_file_of_a_door_that_is_not_there_is_named(tmp_path, name, field):
    settings = with_tls(tmp_path, leave_out=(name,))

    with pytest.raises(ConfigError, match=rf"^g\.http\.tls\.{field}: {name} is no file"):
        keys.check_files(settings, tmp_path / "desk.toml", where="g")


@pytest.mark.parametrize(
    ("name", "said", "hears"),
    [
        ("one", None, False),
        ("one", "own", False),
        ("one", "accounts", True),
        ("two", None, True),
        ("two", "accounts", True),
    ],
)
def test_order_entry_hears_of_its_own_orders_and_a_drop_copy_of_its_accounts(name, said, hears):
    path = ("fix", "sessions", name, "hears")
    made = table() if said is None else changed(path, said)

    settings = parse(made, where="gateway")

    assert settings.fix.sessions[name].hears_others is hears
