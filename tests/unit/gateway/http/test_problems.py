import pytest
from pydantic import ValidationError

from router.gateway.access import AccessError, Permission
from router.gateway.audit import AuditError
from router.gateway.http.faults import problem
from router.gateway.http.models import SubmitOrder
from router.gateway.http.problems import KINDS, ProblemError
from router.gateway.link import Code, LinkError
from router.gateway.rates import Kind, ThrottledError
from router.gateway.signing import AuthenticationError, Why

CODES = [value for name, value in vars(Code).items() if name.isupper()]


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_link_is_a_problem_of_its_own(code):
    told = problem(LinkError("quantity: no", code=code, field="quantity"))

    assert (told.code, told.field) == (code, "quantity")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.INVALID, 422),
        (Code.DUPLICATE, 409),
        (Code.UNKNOWN, 404),
        (Code.TOO_LATE, 409),
        (Code.PENDING, 409),
        (Code.REFUSED, 422),
        (Code.NO_ROUTE, 422),
        (Code.BUSY, 503),
        (Code.DEGRADED, 503),
        (Code.AWAY, 504),
        ("throttled", 429),
        ("too_large", 413),
        ("unsupported_media", 415),
        ("method_not_allowed", 405),
    ],
)
def test_a_code_has_one_status(code, status):
    assert ProblemError(code, "x").status == status


def test_a_word_of_the_daemon_that_is_not_known_is_a_fault_of_ours():
    assert problem(LinkError("x", code="new-word")).code == Code.INTERNAL


@pytest.mark.parametrize("code", [Code.BUSY, Code.DEGRADED, Code.STALE, "not_ready", "throttled"])
def test_what_passes_says_when_to_come_back(code):
    assert int(ProblemError(code, "x").headers["Retry-After"]) >= 1


def test_who_is_held_back_is_told_for_how_long():
    told = problem(ThrottledError(Kind.REQUEST, 2_500_000_000))

    assert (told.code, told.headers["Retry-After"]) == ("throttled", "3")


def test_who_is_not_known_is_told_how_to_show_it():
    told = problem(AuthenticationError(Why.EXPIRED, "too old"))

    assert (told.status, "WWW-Authenticate" in told.headers) == (401, True)


def test_too_many_nonces_are_too_many_requests():
    assert problem(AuthenticationError(Why.BUSY, "x")).status == 429


def test_what_a_key_may_not_do_names_the_account():
    told = problem(AccessError(Permission.ORDERS_WRITE, "theirs"))

    assert (told.status, told.field) == (403, "account")


def test_without_a_record_nothing_is_done():
    assert problem(AuditError("the disk is full")).status == 503


def test_what_was_sent_is_not_repeated():
    with pytest.raises(ValidationError) as refused:
        SubmitOrder.model_validate({"client_order_id": "s3cr3t value", "side": "buy"})

    body = problem(refused.value).body("r-1")

    assert b"s3cr3t" not in body


def test_a_problem_has_what_the_standard_asks_for():
    data = ProblemError(Code.DUPLICATE, "o-1 is taken", field="client_order_id").data("r-9")

    assert data == {
        "type": "urn:headrace:problem:duplicate",
        "title": KINDS[Code.DUPLICATE].title,
        "status": 409,
        "code": "duplicate",
        "detail": "o-1 is taken",
        "field": "client_order_id",
        "remedy": KINDS[Code.DUPLICATE].remedy,
        "instance": "r-9",
    }


def test_a_key_in_a_message_is_not_told():
    secret = "0x" + "ab" * 32

    data = ProblemError(Code.REFUSED, f"signing with {secret} failed").data("r")

    assert secret not in str(data)
