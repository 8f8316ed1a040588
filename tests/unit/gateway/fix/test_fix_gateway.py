"""Who is at the other end of a session, by the configuration."""

import pytest

from router.compose.doors.fix import peer_of
from router.gateway.config import parse


def settings(**session):
    own = {"kind": "order-entry", "client": "desk", "target": "EMS"} | session
    table = {"clients": {"desk": {"accounts": ["a", "b"]}}, "fix": {"sessions": {"ems": own}}}
    return parse(table, where="gateway")


@pytest.mark.parametrize(
    ("said", "kind", "accounts"),
    [
        ([], "order-entry", ("a", "b")),
        (["b"], "order-entry", ("b",)),
        (["*"], "drop-copy", ("a", "b")),
    ],
)
def test_a_peer_has_the_accounts_of_its_session_or_all_of_its_client(said, kind, accounts):
    found = settings(accounts=said, kind=kind)

    peer = peer_of("ems", found.fix, found)

    assert (peer.client, peer.accounts, peer.by) == ("desk", accounts, "fix.ems")
