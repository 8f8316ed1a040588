"""Reports made again of records that are good, and of no other."""

from dataclasses import replace
from itertools import islice

from router import engine
from router.compose.retelling import retell
from router.domain.event import ChildFilled, ParentSubmitted, RouteSolved
from router.gateway.reports import ReportKind
from router.journal.record import FaultKind
from router.shell import store
from tests.unit.engine.scene import order
from tests.unit.shell.floor import Floor, replayed, run, work


def retold(records, **options):
    given = []
    found = retell(
        records, lambda tip, told: given.append((tip, told)), journal_id="journal", **options
    )
    return given, found


def journal(tmp_path):
    path = tmp_path / "a.journal"
    run(work(Floor(), path, order(4)))
    return path, list(store.read(path))


def test_every_good_record_is_given_once_with_what_it_has_to_tell(tmp_path):
    path, records = journal(tmp_path)

    given, found = retold(records)

    assert [tip for tip, _ in given] == [record.tip for record in records]
    kinds = [report.kind for _, told in given for report in told]
    assert kinds[0] is ReportKind.PENDING_NEW
    assert ReportKind.TRADE in kinds
    assert found == replayed(path)


def test_it_goes_on_from_a_world_that_was_kept(tmp_path):
    _, records = journal(tmp_path)
    whole, _ = retold(records)
    for count in range(1, len(records)):
        _, before = retold(islice(records, count))

        rest, found = retold(records[count:], world=before.world, tip=before.tip)

        assert rest == whole[count:]
        assert found.fault is None


def test_a_record_that_is_not_good_tells_nothing(tmp_path):
    _, records = journal(tmp_path)
    whole, _ = retold(records)
    for count, record in enumerate(records):
        otherwise = replace(record, event=record.event + b" ")

        given, found = retold([*records[:count], otherwise, *records[count + 1 :]])

        assert given == whole[:count]
        assert found.fault.sequence == record.sequence


def test_a_decision_that_comes_out_otherwise_tells_nothing(tmp_path, monkeypatch):
    _, records = journal(tmp_path)
    whole, _ = retold(records)
    step = engine.step
    for kind in (ParentSubmitted, RouteSolved, ChildFilled):

        def otherwise(world, event, kind=kind):
            changed, commands = step(world, event)
            return changed, () if isinstance(event, kind) else commands

        with monkeypatch.context() as patch:
            patch.setattr(engine, "step", otherwise)
            given, found = retold(records)

        assert found.fault.kind is FaultKind.COMMANDS_DIFFER
        assert given == whole[: found.fault.sequence - 1]
