"""The HTTP gateway against its own document, by schemathesis; a daemon on sandboxes behind it."""

import os
import re
import warnings

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.cli.conftest import counterparties, furnished
from tests.integration.gateway_fuzz.http_peer import signed_headers
from tests.integration.gateway_fuzz.memory import say
from tests.integration.gateway_fuzz.running import SECRET

__all__ = ["counterparties"]

CHECKS = (
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_headers_conformance, response_schema_conformance),
)
SLOW = {"quote"}  # each is planned, with all that it is compared with
ANSWER_S = 120
OTHER_DOORS = r"(?ms)^\[+gateway.*?(?=^\[+(?!gateway|\[)|\Z)"
GATEWAY = """
[gateway.clients.desk]
accounts = ["main", "second"]
[[gateway.clients.desk.keys]]
id = "fuzz"
hmac_env = "HEADRACE_FUZZ_SECRET"
roles = ["viewer", "trader", "risk", "kill", "ops", "admin"]
accounts = ["*"]
[gateway.http]
requests_per_s = 10000
requests_burst = 10000
quotes_per_s = 1000
cancels_per_s = 10000
"""


class Signed(AuthBase):
    """Signs each request as it leaves."""

    def __init__(self):
        self._count = 0

    def __call__(self, request):
        self._count += 1
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        nonce = f"document-{os.getpid()}-{self._count:08d}"
        headers = signed_headers(request.method, request.path_url, body, nonce=nonce)
        request.headers.update(headers)
        return request


@pytest.fixture(scope="module")
def api(counterparties, tmp_path_factory):
    """Run the daemon with its HTTP gateway; yield where it listens."""
    desk = furnished(counterparties, tmp_path_factory.mktemp("document"))
    others = re.sub(OTHER_DOORS, "", desk.config.read_text())
    desk.config.write_text(others + GATEWAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADRACE_FUZZ_SECRET", SECRET)
        with desk.daemon() as (_, facts):
            yield facts["http"]


def conforms(url, *, examples, auth):
    """Send what the document allows, and what it does not; every answer is one that it names."""
    document = schemathesis.openapi.from_url(f"{url}/openapi.json")
    sent = {}
    for found in document.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        count = max(1, examples // 8) if name in SLOW else examples
        sent[name] = _try(operation, url, count=count, auth=auth)
    return sent


def _try(operation, url, *, count, auth):
    told = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case):
        answer = case.call(base_url=url, auth=auth, timeout=ANSWER_S)
        case.validate_response(answer, checks=CHECKS)
        told.append(answer.status_code)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        send()
    return told


def summary(sent):
    statuses = sorted(status for told in sent.values() for status in told)
    return {status: statuses.count(status) for status in sorted(set(statuses))}


def test_answers_are_those_of_the_document_for_who_signs(api):
    sent = conforms(api, examples=3, auth=Signed())

    say(f"schemathesis, signed: {summary(sent)} of {len(sent)} operations")
    assert summary(sent).keys() & {200, 201}


def test_answers_are_those_of_the_document_for_who_does_not_sign(api):
    sent = conforms(api, examples=1, auth=None)

    say(f"schemathesis, unsigned: {summary(sent)} of {len(sent)} operations")
    closed = {s for n, told in sent.items() for s in told if not n.startswith(("is", "live"))}
    assert 401 in closed


@pytest.mark.soak
def test_a_thousand_requests_of_each_operation_are_answered_as_the_document_says(api):
    for auth in (Signed(), None):
        sent = conforms(api, examples=1_000 if auth else 100, auth=auth)
        say(f"schemathesis, signed {auth is not None}: {summary(sent)}")
