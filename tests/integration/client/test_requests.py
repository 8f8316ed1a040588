import socket
import threading
from contextlib import contextmanager
from decimal import Decimal

import pytest

from router.client import AsyncClient, Client, HmacSigner
from router.client.asynchronous import AsyncClient as Same
from router.client.connection import Patience
from router.client.error import (
    ClientError,
    DuplicateError,
    ForbiddenError,
    OutcomeUnknownError,
    ProtocolError,
    TooLateError,
    UnreachableError,
)
from router.client.model import NewOrder
from tests.integration.client.door import ORDER, breaks, door, problem, run, says

HASTY = Patience(answer_s=1.0, again_s=0.01, again_max_s=0.02, within_s=0.3)
ONE = NewOrder(client_order_id="one", side="buy", quantity=Decimal(2), base="ETH", quote="USDC")
DONE = {**ORDER, "request": "stop", "by": "k", "result": "done", "message": "gone"}


async def asked(*answers, act):
    async with door() as opened, AsyncClient(opened.url, patience=HASTY) as client:
        opened.answers.extend(answers)
        return await act(client), opened.asked


def test_an_order_whose_answer_is_lost_is_sent_again_under_its_name():
    order, sent = run(asked(breaks, says(ORDER, 200), act=lambda c: c.submit(ONE)))

    assert order.client_order_id == "one"
    assert len(sent) == 2
    assert sent[0][3] == sent[1][3] == ONE.words()


def test_when_nobody_answers_the_outcome_is_unknown():
    with pytest.raises(OutcomeUnknownError):
        run(asked(*[breaks] * 100, act=lambda c: c.submit(ONE)))


def test_a_refusal_after_a_lost_answer_does_not_say_that_nothing_was_done():
    answers = (breaks, *[problem(503, "busy")] * 100)

    with pytest.raises(OutcomeUnknownError, match="may have been done"):
        run(asked(*answers, act=lambda c: c.submit(ONE)))


def test_a_desk_that_is_busy_is_asked_again_and_one_that_says_no_is_not():
    order, sent = run(asked(problem(503, "busy"), says(ORDER, 201), act=lambda c: c.submit(ONE)))
    assert order.id == "00ff"
    assert len(sent) == 2

    with pytest.raises(DuplicateError):
        run(asked(problem(409, "duplicate"), says(ORDER), act=lambda c: c.submit(ONE)))


def test_nobody_there_is_told_as_that():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

        async def ask():
            async with AsyncClient(url, patience=HASTY) as client:
                await client.submit(ONE)

        with pytest.raises(UnreachableError):
            run(ask())


def test_a_cancel_keeps_its_name_when_it_is_asked_again():
    made, sent = run(asked(breaks, says(DONE), act=lambda c: c.cancel("one")))

    assert made.result == "done"
    assert sent[0][1] == "/v1/orders/one/cancel"
    assert sent[0][3]["request"] == sent[1][3]["request"] != ""


def test_an_amendment_says_the_terms_it_changes_only():
    _, sent = run(
        asked(says(DONE), act=lambda c: c.amend("a/b", quantity=Decimal("3.50"), request="r"))
    )

    assert sent[0][1] == "/v1/orders/a%2Fb/amend"
    assert sent[0][3] == {"quantity": "3.50", "request": "r", "wait_s": "0"}


def test_a_cancel_of_what_has_ended_is_too_late():
    with pytest.raises(TooLateError):
        run(asked(problem(409, "too_late"), act=lambda c: c.cancel("one")))


def test_pages_are_turned_until_there_is_no_next():
    pages = (says({"orders": [ORDER], "next": "00ff"}), says({"orders": [ORDER], "next": None}))

    async def all_of(client):
        return [order async for order in client.every_order(account="main", ended=True)]

    orders, sent = run(asked(*pages, act=all_of))

    assert len(orders) == 2
    assert [path for _, path, _, _ in sent] == [
        "/v1/orders?account=main&ended=true",
        "/v1/orders?account=main&ended=true&after=00ff",
    ]


def test_waiting_ends_with_the_order():
    filled = {**ORDER, "status": "filled", "cumulative": "2", "leaves": "0"}

    order, sent = run(asked(says(ORDER), says(filled), act=lambda c: c.wait("one")))

    assert order.is_done
    assert len(sent) == 2


def test_waiting_has_an_end():
    with pytest.raises(TimeoutError):
        run(asked(*[says(ORDER)] * 100, act=lambda c: c.wait("one", within_s=0.05)))


def test_a_request_is_pending_until_the_order_says_otherwise():
    pending = {**ORDER, "pending": "stop"}
    canceled = {**ORDER, "status": "canceled"}
    answers = (says({**DONE, **pending, "result": "pending"}), says(pending), says(canceled))

    async def act(client):
        return await client.settle(await client.cancel("one", request="stop"))

    order, sent = run(asked(*answers, act=act))

    assert order.is_done
    assert len(sent) == 3


@pytest.mark.parametrize(
    ("call", "method", "path"),
    [
        (lambda c: c.positions(), "GET", "/v1/positions"),
        (lambda c: c.accounts(), "GET", "/v1/accounts"),
        (lambda c: c.margin(), "GET", "/v1/margin"),
        (lambda c: c.status(), "GET", "/v1/status"),
        (lambda c: c.switches(), "GET", "/v1/switches"),
        (lambda c: c.switch(scope="firm", state="halted", reason="x"), "POST", "/v1/switches"),
        (lambda c: c.halt("x"), "POST", "/v1/halt"),
        (lambda c: c.quote(ONE, curve=True), "POST", "/v1/quotes"),
        (lambda c: c.basket({"client_order_id": "b"}), "POST", "/v1/baskets"),
        (lambda c: c.cancel_basket("b"), "POST", "/v1/baskets/b/cancel"),
        (lambda c: c.cancel_all(account="main"), "POST", "/v1/orders/cancel"),
        (lambda c: c.report("one"), "GET", "/v1/orders/one/report"),
    ],
)
def test_each_question_goes_where_it_belongs(call, method, path):
    answer, sent = run(asked(says({"said": "so"}), act=call))

    assert answer == {"said": "so"}
    assert sent[0][:2] == (method, path)


def test_requests_are_signed_each_for_itself():
    async def ask():
        async with door() as opened:
            opened.answers.extend([problem(503, "busy"), says(ORDER)])
            async with AsyncClient(opened.url, HmacSigner("k", "s"), patience=HASTY) as client:
                await client.order("one")
            return opened.asked

    first, second = (headers for _, _, headers, _ in run(ask()))

    assert first["Headrace-Key"] == second["Headrace-Key"] == "k"
    assert first["Headrace-Nonce"] != second["Headrace-Nonce"]


def test_an_answer_that_is_no_json_is_told_as_that():
    def page(request):
        answer = says({})(request)
        answer.body = b"<html>"
        return answer

    with pytest.raises(ProtocolError):
        run(asked(page, act=lambda c: c.status()))


def test_a_client_that_is_not_open_says_so():
    async def ask():
        await AsyncClient("http://127.0.0.1:1").status()

    with pytest.raises(ClientError, match="not open"):
        run(ask())
    with pytest.raises(ClientError, match="not open"):
        Client("http://127.0.0.1:1").status()


@contextmanager
def opened_beside(*answers):
    """Open a door on another thread, for those who block on theirs."""
    ready, over, found = threading.Event(), threading.Event(), []

    async def serve():
        async with door() as opened:
            opened.answers.extend(answers)
            found.append(opened)
            ready.set()
            while not over.is_set():
                await _look_again()

    thread = threading.Thread(target=lambda: run(serve()))
    thread.start()
    ready.wait(10)
    try:
        yield found[0]
    finally:
        over.set()
        thread.join()


async def _look_again():
    from asyncio import sleep  # noqa: PLC0415 - the only one who waits here

    await sleep(0.01)


def test_the_blocking_client_asks_the_same():
    with (
        opened_beside(says(ORDER, 201), says(DONE), problem(403, "forbidden")) as opened,
        Client(opened.url, patience=HASTY) as client,
    ):
        assert client.submit(ONE).id == "00ff"
        assert client.cancel("one", request="stop").result == "done"
        with pytest.raises(ForbiddenError):
            client.halt("x")

    assert [path for _, path, _, _ in opened.asked] == [
        "/v1/orders",
        "/v1/orders/one/cancel",
        "/v1/halt",
    ]


def test_the_blocking_client_offers_what_the_other_does():
    def public(kind):
        return {name for name in vars(kind) if not name.startswith("_")}

    assert public(Same) - public(Client) == {"every_order", "reports"}


def test_what_allows_to_trade_is_not_asked_again_by_itself_and_a_halt_is():
    def switch(state):
        return lambda c: c.switch(scope="firm", state=state, reason="x")

    with pytest.raises(OutcomeUnknownError):
        run(asked(breaks, says({"state": "active"}), act=switch("active")))

    busy = (problem(503, "busy"), says({"state": "active"}))
    assert run(asked(*busy, act=switch("active")))[0] == {"state": "active"}
    assert run(asked(breaks, says({}), act=switch("halted")))[0] == {}


@pytest.mark.parametrize("code", ["unauthenticated", "forbidden", "invalid"])
def test_who_is_not_heard_any_more_does_not_know_what_became_of_it(code):
    with pytest.raises(OutcomeUnknownError, match="may have been done"):
        run(asked(breaks, problem(400, code), act=lambda c: c.submit(ONE)))


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_be_another_path_is_not_sent(name):
    with pytest.raises(ClientError, match="no name"):
        run(asked(act=lambda c: c.cancel(name)))


def test_a_thread_that_waits_is_told_when_another_closes_the_client():
    told = []

    def wait(client, begun):
        begun.set()
        try:
            client.wait("one")
        except ClientError as error:
            told.append(error)

    with opened_beside(*[says(ORDER)] * 1_000) as opened:
        with Client(opened.url, patience=HASTY) as client:
            begun = threading.Event()
            thread = threading.Thread(target=wait, args=(client, begun), daemon=True)
            thread.start()
            begun.wait(10)
            client.order("one")
        thread.join(10)

    assert not thread.is_alive()
    assert len(told) == 1


@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", b"null"])
def test_what_somebody_in_between_says_of_an_order_is_no_answer(body):
    def gateway_error(request):
        answer = says({}, 502)(request)
        answer.body = body
        return answer

    order, sent = run(asked(gateway_error, says(ORDER, 200), act=lambda c: c.submit(ONE)))
    assert order.id == "00ff"
    assert len(sent) == 2

    with pytest.raises(OutcomeUnknownError):
        run(asked(*[gateway_error] * 100, act=lambda c: c.submit(ONE)))


def test_an_answer_to_an_order_that_cannot_be_read_does_not_say_that_nothing_was_done():
    def cut(request):
        answer = says({}, 201)(request)
        answer.body = b'{"order":'
        return answer

    def page(request):
        answer = says({}, 404)(request)
        answer.body = b"<html>"
        return answer

    assert run(asked(cut, says(ORDER, 200), act=lambda c: c.submit(ONE)))[0].id == "00ff"
    with pytest.raises(OutcomeUnknownError, match="may have been done"):
        run(asked(breaks, page, act=lambda c: c.submit(ONE)))


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "localhost", "ftp://desk", "", "http://"])
def test_an_address_that_is_none_is_told_at_once(url):
    with pytest.raises(ClientError, match="url: must be as http"):
        AsyncClient(url)


def test_threads_that_ask_while_another_closes_the_client_all_hear_of_it():
    told = []

    def ask(client, begun):
        try:
            while True:
                client.status()
                begun.release()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
            told.append(error)

    with opened_beside(*[says({})] * 100_000) as opened:
        begun = threading.Semaphore(0)
        with Client(opened.url, patience=HASTY) as client:
            threads = [
                threading.Thread(target=ask, args=(client, begun), daemon=True) for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for _ in range(50):
                begun.acquire(timeout=10)
        for thread in threads:
            thread.join(10)

    assert not any(thread.is_alive() for thread in threads)
    assert len(told) == 8
    assert all(isinstance(error, ClientError) for error in told)
