import pytest

from router.domain.switch import TradingState
from router.gateway import access
from router.gateway.access import AccessError, Permission
from router.gateway.config import ClientSettings, FixSessionSettings, KeySettings

P = Permission
PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
CLIENT = ClientSettings(accounts=("a1", "a2"))
MOVES_THE_MARKET = {P.ORDERS_WRITE}
WIDENS = {P.RESUME, P.LIMITS}


def principal(*roles, accounts=()):
    key = KeySettings(id="k", ed25519=PUBLIC, roles=roles, accounts=accounts)
    return access.of_key("alpha", CLIENT, key)


def test_a_key_without_accounts_has_all_of_its_client_and_no_others():
    trader = principal("trader")

    assert trader.permits(P.ORDERS_WRITE, "a1")
    assert trader.permits(P.ORDERS_WRITE, "a2")
    assert not trader.permits(P.ORDERS_WRITE, "b1")
    assert not trader.permits(P.ORDERS_WRITE, "")
    assert trader.scope == {"client": "alpha", "accounts": ["a1", "a2"]}
    assert trader.only_account is None


def test_a_key_of_one_account_has_that_one():
    trader = principal("trader", accounts=("a2",))

    assert not trader.permits(P.CANCEL, "a1")
    assert trader.permits(P.CANCEL, "a2")
    assert trader.only_account == "a2"


def test_a_key_of_the_whole_desk_has_every_account_and_what_belongs_to_none():
    risk = principal("risk", accounts=("*",))

    assert risk.permits(P.CANCEL, "b1")
    assert risk.permits(P.CANCEL, "")
    assert risk.permits(P.MARGIN_READ)
    assert risk.scope == {}
    assert risk.only_account is None


@pytest.mark.parametrize(
    "permission",
    [
        *(P.MARGIN_READ, P.JOURNAL_READ, P.HALT, P.RESUME, P.LIMITS, P.RECONCILE, P.ACCEPT),
        *(P.BUST, P.AUDIT_READ),
    ],
)
def test_what_is_of_all_clients_needs_the_whole_desk(permission):
    roles = ("viewer", "trader", "risk", "kill", "ops", "admin")

    assert not principal(*roles).permits(permission)
    assert not principal(*roles).permits(permission, "a1")
    assert principal(*roles, accounts=("*",)).permits(permission)


@pytest.mark.parametrize("role", ["viewer", "risk", "kill", "ops", "admin"])
def test_only_a_trader_trades(role):
    assert not principal(role, accounts=("*",)).permissions & MOVES_THE_MARKET


@pytest.mark.parametrize("role", ["viewer", "trader", "kill", "admin"])
def test_neither_who_trades_nor_who_halts_can_widen_what_may_be_traded(role):
    assert not principal(role, accounts=("*",)).permissions & WIDENS


def test_the_pager_can_only_tighten():
    assert principal("kill").permissions == {P.DESK_READ, P.CANCEL, P.HALT}


def test_only_an_admin_reads_who_did_what():
    holders = [
        role
        for role in ("viewer", "trader", "risk", "kill", "ops", "admin")
        if P.AUDIT_READ in principal(role).permissions
    ]

    assert holders == ["admin"]


def test_roles_add_up():
    both = principal("trader", "kill", accounts=("*",))

    assert both.permits(P.ORDERS_WRITE, "a1")
    assert both.permits(P.HALT)
    assert not both.permits(P.RESUME)


def test_a_refusal_names_the_permission_and_the_account():
    with pytest.raises(AccessError, match=r"^not permitted: .* cancel for account 'b1'$") as caught:
        principal("trader").require(P.CANCEL, "b1")

    assert (caught.value.permission, caught.value.account) == (P.CANCEL, "b1")


def test_what_is_permitted_is_not_refused():
    principal("trader").require(P.CANCEL, "a1")


@pytest.mark.parametrize(
    ("state", "needed"),
    [
        (TradingState.HALTED, P.HALT),
        (TradingState.CANCEL_ONLY, P.RESUME),
        (TradingState.REDUCE_ONLY, P.RESUME),
        (TradingState.ACTIVE, P.RESUME),
    ],
)
def test_whoever_may_only_tighten_may_only_halt(state, needed):
    assert access.of_switch(state) is needed


@pytest.mark.parametrize(
    ("kind", "can_trade", "can_quote", "can_read"),
    [
        ("order-entry", True, True, True),
        ("drop-copy", False, False, True),
        ("quotes", False, True, False),
    ],
)
def test_a_fix_session_may_do_what_its_kind_is_for(kind, can_trade, can_quote, can_read):
    session = FixSessionSettings(kind=kind, client="alpha", target="EMS", accounts=("a1",))

    who = access.of_session("one", CLIENT, session)

    assert (who.key, who.client) == ("one", "alpha")
    assert who.permits(P.ORDERS_WRITE, "a1") is can_trade
    assert who.permits(P.CANCEL, "a1") is can_trade
    assert who.permits(P.QUOTE) is can_quote
    assert who.permits(P.ORDERS_READ, "a1") is can_read
    assert not any(who.permits(each, "a2") for each in (P.ORDERS_WRITE, P.CANCEL, P.ORDERS_READ))
    assert not who.permits(P.HALT)


def test_a_drop_copy_of_everything_reads_every_account():
    session = FixSessionSettings(kind="drop-copy", client="alpha", target="E", accounts=("*",))

    assert access.of_session("one", CLIENT, session).permits(P.ORDERS_READ, "b1")


def test_who_needs_no_key_on_the_loopback_may_do_everything():
    assert all(access.UNSIGNED.permits(each, "any") for each in Permission)
