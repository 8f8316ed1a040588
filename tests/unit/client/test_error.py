import pytest

from router.client import error
from router.client.error import BY_CODE, OutcomeUnknownError, from_problem
from router.gateway.http.problems import KINDS
from router.gateway.link import Code

UNKNOWN = {"away", "internal"}


@pytest.mark.parametrize("code", sorted(vars(Code)[n] for n in vars(Code) if n.isupper()))
def test_each_code_of_the_desk_is_an_error_of_its_own(code):
    found = from_problem({"code": code, "detail": "said"}, http_status=KINDS[code].status)

    assert isinstance(found, OutcomeUnknownError) is (code in UNKNOWN)
    assert code in UNKNOWN or type(found) is BY_CODE[code]
    assert str(found) == "said"


def test_a_refusal_names_the_code_the_field_and_when_to_come_again():
    problem = {"code": "throttled", "detail": "slow down", "field": "side", "status": 429}

    found = from_problem(problem, http_status=429, retry_after_s=2.0)

    assert isinstance(found, error.ThrottledError)
    assert (found.code, found.field, found.retry_after_s) == ("throttled", "side", 2.0)


def test_whatever_is_wrong_with_a_signature_is_one_error():
    for code in ("expired", "replayed", "signature"):
        found = from_problem({"code": code}, http_status=401)
        assert isinstance(found, error.UnauthenticatedError)
        assert found.code == code


def test_a_code_that_is_not_known_yet_is_a_refusal_all_the_same():
    found = from_problem({"code": "fresh", "title": "Fresh"}, http_status=422)

    assert type(found) is error.RefusedError
    assert str(found) == "Fresh"
