from base64 import b64decode, b64encode

import pytest

from router.client.signing import Ed25519Signer, HmacSigner, Stamp, canonical

# RFC 8032, section 7.1, test 2: one byte, 0x72.
PRIVATE = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
# RFC 4231, test case 2.
MAC = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing


def test_an_ed25519_key_signs_as_the_standard_says():
    signer = Ed25519Signer("desk", b64encode(bytes.fromhex(PRIVATE)).decode())

    assert signer.sign(b"\x72").hex() == SIGNATURE


def test_a_secret_signs_as_the_standard_says():
    signer = HmacSigner("desk", "Jefe")

    assert signer.sign(b"what do ya want for nothing?").hex() == MAC


def test_seven_lines_are_signed_and_none_of_them_ends_the_text():
    said = canonical("desk", "1790000000000", "n1", method="GET", target="/v1/orders", body=b"")

    lines = said.decode().split("\n")
    assert lines == ["HEADRACE1", "desk", "1790000000000", "n1", "GET", "/v1/orders", EMPTY]


def test_a_request_carries_who_when_a_nonce_and_the_signature_of_all_of_it():
    signer = HmacSigner("desk", "Jefe")
    stamp = Stamp(signer, now_ms=lambda: 1_790_000_000_000, nonce=lambda: "n1")

    headers = stamp.headers("POST", "/v1/orders?a=b", b"{}")

    told = b64decode(headers.pop("Headrace-Signature"))
    text = canonical(
        "desk", "1790000000000", "n1", method="POST", target="/v1/orders?a=b", body=b"{}"
    )
    assert told == signer.sign(text)
    assert headers == {
        "Headrace-Key": "desk",
        "Headrace-Timestamp": "1790000000000",
        "Headrace-Nonce": "n1",
    }


def test_no_nonce_is_used_twice():
    stamp = Stamp(HmacSigner("desk", "secret"))

    nonces = {stamp.headers("GET", "/", b"")["Headrace-Nonce"] for _ in range(100)}

    assert len(nonces) == 100


@pytest.mark.parametrize("private", ["not base64!", b64encode(b"short").decode()])
def test_a_private_key_that_is_none_is_refused(private):
    with pytest.raises(ValueError):  # noqa: PT011 - of the library or of base64
        Ed25519Signer("desk", private)
