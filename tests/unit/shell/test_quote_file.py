"""Quotes on disk: kept whole, found by name, refused where they are not what was shown."""

import os

import pytest

from router.domain.error import OrderError
from router.domain.plan import PlannedRoute
from router.domain.units import ParentId, TimestampNs
from router.shell import quote_file
from tests.unit.engine.scene import POOL, T0, Driver, order, plan

REQUEST = (("base", "ETH"), ("quantity", "10"), ("side", "buy"))
UNTIL = TimestampNs(T0 + 60)


@pytest.fixture(scope="module")
def planned():
    desk = Driver()
    desk.start()
    desk.submit(order())
    problem = desk.observe(order())
    return PlannedRoute(problem, plan(problem, (POOL, 10)))


def test_a_kept_quote_is_found_as_it_was_shown(tmp_path, planned):
    journal = tmp_path / "desk.journal"

    kept = quote_file.keep(journal, REQUEST, planned, expires_at=UNTIL)

    assert quote_file.is_quote_id(kept.id)
    assert quote_file.load(journal, kept.id) == kept
    assert kept.planned == planned


def test_the_same_quote_has_the_same_name_and_another_expiry_another(tmp_path, planned):
    journal = tmp_path / "desk.journal"

    names = [
        quote_file.keep(journal, REQUEST, planned, expires_at=TimestampNs(UNTIL + later)).id
        for later in (0, 0, 1)
    ]

    assert names[0] == names[1] != names[2]


def test_a_changed_file_is_refused(tmp_path, planned):
    journal = tmp_path / "desk.journal"
    kept = quote_file.keep(journal, REQUEST, planned, expires_at=UNTIL)
    path = quote_file.folder_of(journal) / f"{kept.id}.json"
    path.write_bytes(path.read_bytes().replace(b'"10"', b'"99"', 1))

    with pytest.raises(OrderError, match="was changed"):
        quote_file.load(journal, kept.id)


@pytest.mark.parametrize("name", ["", "q-", "../../etc/passwd", "q-0123456789ABCDEF", "ETH"])
def test_a_name_that_is_none_opens_no_file(tmp_path, name):
    with pytest.raises(OrderError, match="must look like"):
        quote_file.load(tmp_path / "desk.journal", name)


def test_an_unknown_quote_is_refused_by_name(tmp_path):
    with pytest.raises(OrderError, match="q-0123456789abcdef is not kept"):
        quote_file.load(tmp_path / "desk.journal", "q-0123456789abcdef")


def test_only_so_many_are_kept(tmp_path, planned):
    journal = tmp_path / "desk.journal"

    folder = quote_file.folder_of(journal)
    folder.mkdir()
    old = [folder / f"q-{number:016x}.json" for number in range(1_024)]
    for age, path in enumerate(old):
        path.touch()
        path.with_suffix(".order").write_text("one")
        os.utime(path, (age, age))

    last = quote_file.keep(journal, REQUEST, planned, expires_at=UNTIL)

    left = {path.name for path in folder.iterdir()}
    assert old[-1].name in left
    assert old[0].name not in left
    assert old[0].with_suffix(".order").name not in left
    assert len(left) <= 2 * 1_024
    assert quote_file.load(journal, last.id) == last


def test_where_nothing_can_be_written_the_folder_is_named(tmp_path, planned):
    (tmp_path / "desk.journal.quotes").write_text("a file in its place")

    with pytest.raises(OrderError, match=r"desk\.journal\.quotes"):
        quote_file.keep(tmp_path / "desk.journal", REQUEST, planned, expires_at=UNTIL)


def test_a_quote_that_another_process_removed_meanwhile_is_no_fault(tmp_path, planned):
    journal = tmp_path / "desk.journal"
    folder = quote_file.folder_of(journal)
    folder.mkdir()
    (folder / "q-0000000000000000.json").symlink_to(folder / "gone")  # listed, and not there

    kept = quote_file.keep(journal, REQUEST, planned, expires_at=UNTIL)

    assert quote_file.load(journal, kept.id) == kept


def test_a_quote_is_executed_by_the_order_that_claims_it_first_and_by_no_other(tmp_path, planned):
    journal = tmp_path / "desk.journal"
    kept = quote_file.keep(journal, REQUEST, planned, expires_at=UNTIL)

    quote_file.claim(journal, kept.id, ParentId("one"))
    quote_file.claim(journal, kept.id, ParentId("one"))

    with pytest.raises(OrderError, match=r"quote_id: .* is executed by order one already"):
        quote_file.claim(journal, kept.id, ParentId("two"))


def test_a_claim_that_cannot_be_written_is_refused(tmp_path, planned):
    journal = tmp_path / "desk.journal"
    kept = quote_file.keep(journal, REQUEST, planned, expires_at=UNTIL)
    (quote_file.folder_of(journal) / f"{kept.id}.order").mkdir()

    with pytest.raises(OrderError, match="cannot be claimed"):
        quote_file.claim(journal, kept.id, ParentId("one"))
