"""The verbs for orders at work: what they ask of the daemon, and what they say of its answer."""

import asyncio

import orjson
import pytest
import typer

from router.cli import altering, amend, cancel, orders
from router.cli.cancel import Words
from router.domain.error import OrderError, RouterError
from router.gateway import local
from tests.unit.compose.desk_file import DESK, ENVIRONMENT

WORDS = Words("one", "r1", "ann", "5")
ANSWER = {
    "order": "abc",
    "client_order_id": "one",
    "side": "buy",
    "base": "ETH",
    "quantity_asset": "ETH",
    "status": "pending_cancel",
    "phase": "executing",
    "ordered": "10",
    "cumulative": "2.5",
    "leaves": "7.5",
    "average_price": "3000",
    "algo": "twap",
    "slices": 3,
    "released": "4",
    "pending": "r1",
    "request": "r1",
    "result": "pending",
    "message": "what is in flight is waited for",
}


@pytest.fixture
def config(tmp_path, monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "desk.toml"
    path.write_text(DESK, encoding="utf-8")
    return path


def serving(config, answer, verb):
    """Run a verb beside a daemon that answers so, and return what it was asked."""
    asked = []

    async def work(request, _tell):
        asked.append(request)
        return orjson.dumps(answer)

    async def serve():
        door = local.socket_path(config.parent / "desk.journal")
        async with local.listening(door, work):
            await asyncio.to_thread(verb)

    asyncio.run(serve())
    return asked


def test_the_verbs_are_those_of_orders_at_work():
    names = {c.callback.__name__ for c in altering.app.registered_commands}

    assert names == {"cancel", "amend", "orders"}


def test_a_cancel_tells_what_became_of_it(config, capsys):
    asked = serving(config, ANSWER, lambda: cancel.run(config, WORDS, as_json=False))

    assert asked == [{"do": "cancel", "order": "one", "request": "r1", "by": "ann", "wait_s": "5"}]
    assert capsys.readouterr().out == (
        "pending: one: what is in flight is waited for; 2.5 of 10 ETH filled, 7.5 left\n"
    )


def test_a_refusal_is_told_and_is_the_exit_code(config, capsys):
    refused = {**ANSWER, "result": "refused", "message": "too late"}
    codes = []

    def verb():
        with pytest.raises(typer.Exit) as exit_:
            cancel.run(config, WORDS, as_json=True)
        codes.append(exit_.value.exit_code)

    serving(config, refused, verb)

    assert codes == [cancel.EXIT_REFUSED]
    assert orjson.loads(capsys.readouterr().out)["message"] == "too late"


def test_an_amendment_sends_the_terms_that_were_given_and_no_others(config):
    terms = {"quantity": "12", "deadline_s": "60"}

    (asked,) = serving(config, ANSWER, lambda: amend.run(config, WORDS, terms, as_json=True))

    assert asked == {
        "do": "amend",
        "order": "one",
        "request": "r1",
        "by": "ann",
        "wait_s": "5",
        **terms,
    }


def test_a_request_without_a_name_gets_one_and_whoever_runs_it_asks(config, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "night-shift")
    words = Words("one", None, None, "5")

    (asked,) = serving(config, ANSWER, lambda: cancel.run(config, words, as_json=True))

    assert asked["by"] == "night-shift"
    assert asked["request"].startswith("cli-")


def test_words_that_cannot_be_are_refused_before_anybody_is_asked(config):
    with pytest.raises(OrderError, match="wait_s"):
        cancel.run(config, Words("one", "r1", "ann", "soon"), as_json=True)
    with pytest.raises(OrderError, match="terms: missing"):
        amend.run(config, WORDS, {}, as_json=True)


def test_without_a_daemon_it_says_what_to_do(config):
    with pytest.raises(RouterError, match=r"no daemon runs on .*; start headrace run"):
        cancel.run(config, WORDS, as_json=True)


def test_a_daemon_that_goes_away_leaves_the_name_to_ask_again_by(config):
    async def serve():
        def hang_up(_reader, writer):
            writer.close()

        door = local.socket_path(config.parent / "desk.journal")
        async with await asyncio.start_unix_server(hang_up, door):
            with pytest.raises(RouterError, match="ask again, with --request r1"):
                await asyncio.to_thread(cancel.run, config, WORDS, as_json=True)

    asyncio.run(serve())


def test_orders_are_listed_with_what_is_left_and_how_far_the_algo_is(config, capsys):
    answer = {"orders": [ANSWER]}

    (asked,) = serving(config, answer, lambda: orders.run(config, as_json=False))

    told = capsys.readouterr().out
    assert asked == {"do": "orders"}
    for word in ("one", "buy ETH", "pending_cancel", "7.5", "slice 3", "released"):
        assert word in " ".join(told.split()), told


def test_orders_as_data_are_the_answer_as_it_is(config, capsys):
    answer = {"orders": [ANSWER]}

    serving(config, answer, lambda: orders.run(config, as_json=True))

    assert orjson.loads(capsys.readouterr().out) == answer


def test_where_nothing_is_at_work_it_says_so(config, capsys):
    serving(config, {"orders": []}, lambda: orders.run(config, as_json=False))

    assert capsys.readouterr().out == "no order is at work\n"
