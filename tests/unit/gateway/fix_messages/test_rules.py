"""The rules of engagement name what there is: messages, parameters, reasons."""

import re

from router.gateway.algo_registry import ALGOS
from router.gateway.fix.execution import CancelReject, OrderReject
from router.gateway.fix.inbound import ALLOWED
from router.gateway.fix.outbox import KEPT
from router.gateway.fix.rules import OF_THE_MOMENT, rules_markdown

TEXT = rules_markdown()


def section(title):
    return TEXT.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_every_message_that_is_taken_is_in_the_table_with_its_sessions():
    rows = {row[0].split()[-1]: row for row in cells("Messages")}

    assert set(rows) == set.union(*map(set, ALLOWED.values()))
    assert rows["D"][1:3] == ["4.2", "order-entry"]
    assert rows["R"][2] == "order-entry, quotes"


def test_every_parameter_of_every_algo_is_told():
    told = section("Algos")

    for algo in ALGOS:
        part = told.split(f"847={algo.wire}\n", 1)[1].split("\n### ", 1)[0]
        assert re.findall(r"^\| (\w+) \| \d+ \|", part, flags=re.MULTILINE) == [
            parameter.label for parameter in algo.parameters
        ]


def test_every_reason_that_is_given_is_explained():
    told = section("Reasons")

    for tag, reasons in (("103", OrderReject), ("102", CancelReject)):
        line = " ".join(re.findall(rf"\| {tag}=([0-9, ]+) \|", told))
        given = {value for name, value in vars(reasons).items() if name.isupper()}
        assert given - {OrderReject.UNKNOWN_ORDER} <= set(re.findall(r"\d+", line)) | {"5"}


def test_it_says_of_which_requests_the_answers_are_not_kept_for_who_is_away():
    answered = {
        row[0].split()[-1]: set(re.findall(r"\b[A-Z]{1,2}\b|\b[0-9a-z]\b", row[3]))
        for row in cells("Messages")
    }
    lost = {kind for kind, answers in answered.items() if not answers & KEPT}

    assert lost == set(OF_THE_MOMENT)
    assert "what R, V, AN and x ask is answered on the connection that it came by" in " ".join(
        section("What holds").split()
    )


def test_our_fields_are_listed_by_number():
    numbers = [int(row[0]) for row in cells("Fields of our own")]

    assert numbers == sorted(numbers)
    assert {20001, 20101, 20201, 20301, 20401, 20501} <= set(numbers)


def cells(title):
    rows = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]
