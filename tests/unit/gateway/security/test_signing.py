import base64
import hashlib
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from router.gateway import access, signing
from router.gateway.keys import Key
from router.gateway.signing import AuthenticationError, Authenticator, Signed, Why, canonical

MS = 1_000_000
WINDOW = 5_000 * MS
START = 1_700_000_000_000 * MS
NOW = START + 60_000 * MS
SECRET = b"a secret of at least thirty-two characters"
# RFC 8032, 7.1, test 1: seed and public key.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493  # RFC 8032, 5.1: L
IDENTITY = b"\x01" + bytes(31)  # x = 0, y = 1
ORDER = Signed("POST", "/v1/orders?a=1&b=%20x", b'{"side":"buy"}')


def headers(signed=ORDER, *, key="desk-1", at=NOW, nonce="nonce-nonce-0001", sign=None):
    stamp = str(at // MS)
    text = canonical(signed, key=key, timestamp=stamp, nonce=nonce)
    sign = sign or Ed25519PrivateKey.from_private_bytes(SEED).sign
    return {
        "Headrace-Key": key,
        "Headrace-Timestamp": stamp,
        "Headrace-Nonce": nonce,
        "Headrace-Signature": base64.b64encode(sign(text)).decode(),
    }


def hmac_by_hand(text):
    """RFC 2104, written out: the library under test must not check itself."""
    block = SECRET.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + text).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).digest()


def authenticator(*, started_at=START, certificate=None, public=PUBLIC):
    public = base64.b64encode(public).decode()
    keys = {
        "desk-1": Key(access.UNSIGNED, public, None, certificate),
        "desk-2": Key(access.UNSIGNED, None, SECRET, certificate),
    }
    return Authenticator(keys, window=WINDOW, started_at=started_at)


def openssl(*words, said=None):
    program = shutil.which("openssl")
    ended = subprocess.run((program, *words), check=True, capture_output=True, input=said)  # noqa: S603 - our own words
    return ended.stdout


def refused(found, signed=ORDER, *, by=None, now=NOW, certificate=None):
    with pytest.raises(AuthenticationError) as caught:
        (by or authenticator()).authenticate(signed, found, now=now, certificate=certificate)
    return caught.value


def test_the_signed_text_is_the_documented_one():
    digest = hashlib.sha256(b'{"side":"buy"}').hexdigest().encode()

    text = canonical(ORDER, key="desk-1", timestamp="1700000060000", nonce="nonce-nonce-0001")

    assert text == (
        b"HEADRACE1\ndesk-1\n1700000060000\nnonce-nonce-0001\nPOST\n/v1/orders?a=1&b=%20x\n"
        + digest
    )


def test_without_a_body_the_digest_is_that_of_nothing():
    text = canonical(Signed("GET", "/v1/orders"), key="k", timestamp="1", nonce="n")

    # FIPS 180: the SHA-256 of the empty string.
    assert text.endswith(b"\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


@pytest.mark.parametrize(
    ("key", "sign"),
    [("desk-1", None), ("desk-2", hmac_by_hand)],
    ids=["ed25519", "hmac"],
)
def test_a_signed_request_is_its_keys(key, sign):
    found = authenticator().authenticate(ORDER, headers(key=key, sign=sign), now=NOW)

    assert found is access.UNSIGNED


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_what_openssl_signs_is_taken(tmp_path):
    seed, text = tmp_path / "key.der", tmp_path / "text"
    # RFC 8410: PKCS #8 of an Ed25519 seed is this prefix and the seed.
    seed.write_bytes(bytes.fromhex("302e020100300506032b657004220420") + SEED)
    words = ("pkeyutl", "-sign", "-rawin", "-inkey", str(seed), "-keyform", "DER", "-in", str(text))

    def sign(said):
        text.write_bytes(said)
        return openssl(*words)

    assert authenticator().authenticate(ORDER, headers(sign=sign), now=NOW) is access.UNSIGNED


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_what_openssl_authenticates_with_a_secret_is_taken():
    words = ("dgst", "-sha256", "-hmac", SECRET.decode(), "-binary")

    def sign(said):
        return openssl(*words, said=said)

    found = authenticator().authenticate(ORDER, headers(key="desk-2", sign=sign), now=NOW)

    assert found is access.UNSIGNED


@pytest.mark.parametrize(
    "other",
    [
        Signed("GET", ORDER.target, ORDER.body),
        Signed("POST", "/v1/orders?a=1&b= x", ORDER.body),
        Signed("POST", "/v1/orders", ORDER.body),
        Signed("POST", ORDER.target, b'{"side":"sell"}'),
        Signed("POST", ORDER.target),
    ],
    ids=["method", "query written otherwise", "no query", "body", "no body"],
)
@pytest.mark.parametrize(("key", "sign"), [("desk-1", None), ("desk-2", hmac_by_hand)])
def test_a_signature_is_of_all_that_is_said(other, key, sign):
    error = refused(headers(key=key, sign=sign), other)

    assert error.code == Why.REFUSED


@pytest.mark.parametrize(
    "change",
    [
        {"Headrace-Nonce": "nonce-nonce-0002"},
        {"Headrace-Timestamp": str(NOW // MS + 1)},
        {"Headrace-Key": "desk-2"},
        {"Headrace-Key": "desk-3"},
        {"Headrace-Signature": base64.b64encode(bytes(64)).decode()},
        {"Headrace-Signature": base64.b64encode(bytes(32)).decode()},
        {"Headrace-Signature": "no base64!"},
        {"Headrace-Signature": "\udcff"},
    ],
)
def test_other_words_than_were_signed_are_refused_in_the_same_words(change):
    error = refused(headers() | change)

    assert error.code == Why.REFUSED
    assert str(error) == str(refused(headers() | {"Headrace-Key": "nobody"}))


@pytest.mark.parametrize("missing", list(signing.HEADERS.values()))
def test_a_missing_header_is_named(missing):
    found = headers()
    del found[missing]

    error = refused(found)

    assert (error.code, str(error)) == (Why.UNSIGNED, f"{missing}: missing; sign the request")


@pytest.mark.parametrize(
    "change",
    [
        {"Headrace-Timestamp": "1700000060"},
        {"Headrace-Timestamp": "-170000006000"},
        {"Headrace-Timestamp": "١٧٠٠٠٠٠٠٦٠٠٠٠"},
        {"Headrace-Timestamp": 1_700_000_060_000},
        {"Headrace-Nonce": "short"},
        {"Headrace-Nonce": "n" * 65},
        {"Headrace-Nonce": "nonce nonce 0001"},
        {"Headrace-Nonce": "nonce-nonce-0001\n"},
        {"Headrace-Signature": "A" * 89},
        {"Headrace-Signature": ["x"]},
    ],
)
def test_what_is_malformed_is_refused_before_anything_is_computed(change):
    assert refused(headers() | change).code == Why.MALFORMED


def test_a_request_is_taken_once():
    by = authenticator()
    by.authenticate(ORDER, headers(), now=NOW)

    assert refused(headers(), by=by, now=NOW + WINDOW).code == Why.REPLAYED


def test_two_requests_in_the_same_millisecond_are_two():
    by = authenticator()

    by.authenticate(ORDER, headers(nonce="nonce-nonce-0001"), now=NOW)
    by.authenticate(ORDER, headers(nonce="nonce-nonce-0002"), now=NOW)


def test_keys_do_not_use_up_each_others_nonces():
    by = authenticator()

    by.authenticate(ORDER, headers(), now=NOW)
    by.authenticate(ORDER, headers(key="desk-2", sign=hmac_by_hand), now=NOW)


def test_a_request_that_was_refused_uses_up_no_nonce():
    by = authenticator()
    refused(headers() | {"Headrace-Signature": base64.b64encode(bytes(64)).decode()}, by=by)

    assert by.authenticate(ORDER, headers(), now=NOW) is access.UNSIGNED


def test_a_request_of_the_last_moment_of_the_window_is_taken():
    assert authenticator().authenticate(ORDER, headers(), now=NOW + WINDOW) is access.UNSIGNED


def test_a_request_from_before_the_window_is_told_how_old_it_is():
    error = refused(headers(), now=NOW + WINDOW + MS)

    assert error.code == Why.EXPIRED
    assert "is 5001 ms behind ours, at most 5000 ms is allowed" in str(error)


def test_a_clock_that_is_a_second_ahead_is_borne_with():
    found = headers(at=NOW + 1_000 * MS)

    assert authenticator().authenticate(ORDER, found, now=NOW) is access.UNSIGNED


def test_a_clock_that_is_further_ahead_is_told_by_how_much():
    error = refused(headers(at=NOW + 1_001 * MS))

    assert error.code == Why.EXPIRED
    assert "is 1001 ms ahead of ours" in str(error)


def test_after_a_restart_nothing_is_taken_that_can_have_been_taken_before():
    ahead = headers(at=START + 1_000 * MS)  # as far ahead as is borne with
    authenticator(started_at=START - 60_000 * MS).authenticate(ORDER, ahead, now=START)
    again = authenticator(started_at=START + MS)

    error = refused(ahead, by=again, now=START + 1_500 * MS)

    assert error.code == Why.FORGOTTEN
    assert "before this gateway remembers" in str(error)


def test_from_the_moment_it_opens_it_takes_what_is_signed_now():
    by = authenticator()

    assert by.authenticate(ORDER, headers(at=by.opens_at), now=by.opens_at) is access.UNSIGNED


def test_a_clock_that_is_set_back_makes_no_request_good_again():
    by = authenticator()
    by.authenticate(ORDER, headers(), now=NOW)
    later = NOW + 3 * WINDOW
    by.authenticate(ORDER, headers(at=later, nonce="nonce-nonce-0002"), now=later)

    assert refused(headers(), by=by, now=NOW).code == Why.FORGOTTEN


def test_nonces_that_can_not_come_again_are_forgotten(monkeypatch):
    monkeypatch.setattr(signing, "NONCES_MAX", 2)
    by = authenticator()
    for number in range(2):
        by.authenticate(ORDER, headers(nonce=f"nonce-nonce-000{number}"), now=NOW)

    assert refused(headers(nonce="nonce-nonce-0009"), by=by).code == Why.BUSY
    assert refused(headers(nonce="nonce-nonce-0000"), by=by).code == Why.REPLAYED

    later = NOW + WINDOW + 1_000 * MS + 1
    by.authenticate(ORDER, headers(at=later, nonce="nonce-nonce-0009"), now=later)


def test_a_key_that_is_bound_to_a_certificate_comes_with_it():
    by = authenticator(certificate="ab" * 32)

    assert by.authenticate(ORDER, headers(), now=NOW, certificate="ab" * 32) is access.UNSIGNED


@pytest.mark.parametrize("certificate", [None, "cd" * 32])
def test_a_key_that_is_bound_to_a_certificate_does_not_come_with_another(certificate):
    by = authenticator(certificate="ab" * 32)

    assert refused(headers(), by=by, certificate=certificate).code == Why.CERTIFICATE


def test_a_target_that_is_no_text_is_refused_like_any_other():
    assert refused(headers(), Signed("GET", "/\udcff")).code == Why.REFUSED


def test_nothing_that_is_said_of_a_key_shows_its_secret():
    key = Key(access.UNSIGNED, None, SECRET)

    assert SECRET.decode() not in repr(key)


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 66])
def test_a_signature_of_another_length_is_refused(length):
    def sign(text):
        whole = Ed25519PrivateKey.from_private_bytes(SEED).sign(text)
        return (whole + whole)[:length]

    error = refused(headers(sign=sign))

    assert error.code == Why.REFUSED


def test_a_signature_has_one_form():
    def sign(text):
        whole = Ed25519PrivateKey.from_private_bytes(SEED).sign(text)
        scalar = int.from_bytes(whole[32:], "little") + GROUP_ORDER  # the same modulo the order
        return whole[:32] + scalar.to_bytes(32, "little")

    assert refused(headers(sign=sign)).code == Why.REFUSED


@pytest.mark.parametrize(
    "public",
    [
        IDENTITY,
        bytes(32),  # y = 0, of order 4
        (2**255 - 20).to_bytes(32, "little"),  # y = -1, of order 2
        (2**255 - 18).to_bytes(32, "little"),  # the identity, written in another way
    ],
)
def test_a_signature_that_fits_every_text_is_none(public):
    # For points of small order [S]B = R + [k]A holds with S = 0, R the identity, for some k or all.
    by = authenticator(public=public)

    for number in range(16):
        found = headers(nonce=f"nonce-nonce-{number:04}", sign=lambda _: IDENTITY + bytes(32))
        assert refused(found, by=by).code == Why.REFUSED
