import pytest

from router.gateway.access import UNSIGNED
from router.gateway.config import HttpSettings
from router.gateway.http.doorman import Doorman, Peer
from router.gateway.http.problems import ProblemError
from router.gateway.rates import Kind, Rates, ThrottledError
from router.gateway.signing import AuthenticationError, Authenticator, Signed

PEER = Peer("127.0.0.1")
LOCAL = {"Host": "127.0.0.1:8080"}


def doorman(*, needs_keys=False, **settings):
    http = HttpSettings(without_keys=not needs_keys, **settings)
    authenticator = Authenticator({}, window=10**9, started_at=0) if needs_keys else None
    made = Doorman(authenticator, Rates(http), now=lambda: 10**18)
    made.stand_at(frozenset({"http://127.0.0.1:8080"}))
    return made


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "localhost:9", "[::1]:80"])
def test_without_keys_the_loopback_may_ask(host):
    door = doorman()

    door.look(PEER, Kind.REQUEST, {"Host": host})

    assert door.admit(Signed("GET", "/"), {}, peer=PEER, kind=Kind.REQUEST) is UNSIGNED


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]:80"])
def test_without_keys_another_name_of_ours_is_refused(host):
    with pytest.raises(ProblemError) as refused:
        doorman().look(PEER, Kind.REQUEST, {"Host": host})

    assert refused.value.code == "forbidden"


@pytest.mark.parametrize("needs_keys", [False, True])
def test_a_page_from_elsewhere_may_not_ask(needs_keys):
    door = doorman(needs_keys=needs_keys)

    with pytest.raises(ProblemError):
        door.look(PEER, Kind.REQUEST, {**LOCAL, "Origin": "https://evil.example"})
    with pytest.raises(ProblemError):
        door.look(PEER, Kind.REQUEST, {**LOCAL, "Origin": "null"})
    door.look(PEER, Kind.REQUEST, {**LOCAL, "Origin": "http://127.0.0.1:8080"})


def test_with_keys_who_does_not_sign_is_not_admitted():
    with pytest.raises(AuthenticationError):
        doorman(needs_keys=True).admit(Signed("GET", "/"), {}, peer=PEER, kind=Kind.REQUEST)


def test_who_may_ask_no_more_may_still_cancel():
    door = doorman(requests_per_s=1, requests_burst=1)
    door.count(UNSIGNED, Kind.REQUEST)

    with pytest.raises(ThrottledError):
        door.count(UNSIGNED, Kind.REQUEST)
    door.count(UNSIGNED, Kind.CANCEL)
