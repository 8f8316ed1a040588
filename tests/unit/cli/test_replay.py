import shutil

import orjson
import pytest
from typer.testing import CliRunner

from router.cli.main import app
from router.shell import store
from tests.unit.engine.scene import order
from tests.unit.shell.floor import Floor, run, work

RECORDS = 16  # of an order over both venues, from the start to the last look at the accounts


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    path = tmp_path_factory.mktemp("replay") / "desk.journal"
    run(work(Floor(), path, order(name="client-one")))
    return path


@pytest.fixture
def copy(journal, tmp_path):
    return shutil.copy(journal, tmp_path / "copy.journal")


def replayed(path, *options):
    return CliRunner().invoke(app, ["replay", str(path), *options])


def test_a_whole_journal_is_intact_and_says_what_became_of_the_orders(journal):
    ended = replayed(journal, "--json")

    assert ended.exit_code == 0
    told = orjson.loads(ended.stdout)
    assert told["intact"] is True
    assert told["fault"] is None
    assert told["records"] == RECORDS == len(list(store.read(journal)))
    assert told["commands"] > 0
    assert told["parents"] == {"client-one": "filled"}
    assert len(bytes.fromhex(told["tip"])) == 32


def test_the_same_for_eyes(journal):
    ended = replayed(journal)

    assert ended.exit_code == 0
    assert f"{RECORDS} records" in ended.stdout
    assert "chain intact, commands identical" in ended.stdout
    assert "client-one: filled" in ended.stdout


def test_replaying_changes_nothing(journal):
    before = journal.read_bytes()

    replayed(journal)

    assert journal.read_bytes() == before


def flip(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 0x01
    path.write_bytes(content)


def places(content, part):
    """Return every place where a part of a record lies in the file."""
    found, start = [], content.find(part)
    while start >= 0:
        found.append(start)
        start = content.find(part, start + 1)
    return found


def positions_of(content, record):
    """Return positions in a record: its hash wherever it is, its commands, and its event."""
    hashes = [place + 5 for place in places(content, record.hash)]
    commands = [
        place + 30 for _, digest in record.commands for place in places(content, digest.encode())
    ]
    assert hashes
    return [*hashes, *commands, *positions_in(content, record.event)]


def positions_in(content, event):
    whole = places(content, event)
    if len(whole) == 1:
        return [whole[0] + offset for offset in (0, len(event) // 2, len(event) - 1)]
    # Long ones are scattered over pages, where a slice that stands nowhere else is this one's.
    slices = (event[i : i + 12] for i in range(len(event) - 12))
    found = [places(content, s)[0] for s in slices if content.count(s) == 1]
    return [found[0], found[len(found) // 2], found[-1]]


@pytest.mark.parametrize("sequence", range(1, RECORDS + 1))
def test_a_flipped_bit_anywhere_in_a_record_is_found_and_the_record_is_named(
    journal, copy, sequence
):
    content = journal.read_bytes()
    record = list(store.read(journal))[sequence - 1]

    for position in positions_of(content, record):
        copy.write_bytes(content)
        flip(copy, position)
        ended = replayed(copy, "--json")

        told = orjson.loads(ended.stdout)
        assert (ended.exit_code, told["intact"]) == (2, False), f"byte {position}"
        # A hash lies in its own record and in the next, which then does not follow.
        assert any(f"record {n}" in told["fault"] for n in (sequence, sequence + 1)), told["fault"]
        assert told["records"] in {sequence - 1, sequence}


def test_a_fault_is_one_line_for_eyes_and_exit_code_two(copy):
    record = list(store.read(copy))[6]
    flip(copy, copy.read_bytes().index(record.hash))

    ended = replayed(copy)

    assert ended.exit_code == 2
    first, *rest = ended.stdout.splitlines()
    assert first.startswith("record ")
    assert all(line.startswith("  client-one") for line in rest)


@pytest.mark.parametrize(
    ("position", "words"),
    [(0, "not a database"), (68, "is not a journal"), (63, "schema")],
    ids=["magic", "application", "schema"],
)
def test_a_file_whose_header_is_damaged_is_refused_by_name(copy, position, words):
    flip(copy, position)

    ended = replayed(copy, "--json")

    assert ended.exit_code == 2
    assert ended.stderr.startswith(f"error: {copy}")
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_journal_cut_short_is_refused(copy):
    content = copy.read_bytes()
    copy.write_bytes(content[: len(content) // 2])

    ended = replayed(copy, "--json")

    assert ended.exit_code == 2
    assert ended.stderr.count("\n") <= 1


@pytest.mark.parametrize("content", [b"", b"not a journal at all\n" * 300], ids=["empty", "text"])
def test_what_is_no_journal_is_refused(tmp_path, content):
    path = tmp_path / "x.journal"
    path.write_bytes(content)

    ended = replayed(path)

    assert ended.exit_code == 2
    assert ended.stderr.startswith(f"error: {path}")
    assert ended.stderr.count("\n") == 1
    assert path.read_bytes() == content


def test_a_journal_that_is_not_there_is_refused_and_not_made(tmp_path):
    path = tmp_path / "nowhere.journal"

    ended = replayed(path)

    assert ended.exit_code == 2
    assert str(path) in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
