"""The fast reading of logs agrees with the careful one, whatever a node writes."""

import string

from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import MalformedDataError
from tests.unit.venues.evm.pools import FAMILIES, SETUPS, V3, header, log
from venues.evm.state.block_logs import read_logs
from venues.evm.state.roster import Roster
from venues.evm.words.node import parse_log

BLOCK = header(0x10)
GOOD = log(V3, BLOCK, 3)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(string.hexdigits + "x_ ", max_size=70),
    st.lists(st.text(max_size=5), max_size=5),
    st.sampled_from([BLOCK.hash.upper().replace("X", "x"), hex(BLOCK.number), "0x0010", "16"]),
    st.text(string.hexdigits, max_size=40).map(lambda digits: f"0x{digits}"),
    st.lists(st.text(string.hexdigits, min_size=64, max_size=64).map("0x{}".format), max_size=5),
)


@given(
    st.dictionaries(st.sampled_from(sorted(GOOD)), ODD, max_size=3),
    st.sets(st.sampled_from(sorted(GOOD)), max_size=1),
)
def test_a_log_is_read_as_the_careful_reader_reads_it_or_refused_as_it_refuses(changes, missing):
    value = {key: item for key, item in (GOOD | changes).items() if key not in missing}
    try:
        expected = parse_log(value)
    except MalformedDataError as error:
        expected = str(error)

    try:
        found = [read for _, read in read_logs([value], BLOCK, Roster(SETUPS, FAMILIES))]
    except MalformedDataError as error:
        refused = str(error)
        is_elsewhere = not isinstance(expected, str) and (
            (expected.block_hash, expected.block_number) != (BLOCK.hash, BLOCK.number)
            or expected.removed
        )
        assert is_elsewhere or refused == expected
        return
    if isinstance(expected, str):
        assert [str(read) for read in found] == [expected]
    else:
        is_ours = expected.address in {pool.emitter for pool in SETUPS if pool.topic is None}
        assert found == ([expected] if is_ours else [])


def test_a_log_as_nodes_write_it_is_read():
    ((followed, found),) = read_logs([GOOD], BLOCK, Roster(SETUPS, FAMILIES))

    assert followed.setup == V3
    assert found == parse_log(GOOD)
    assert (found.index, found.block_number, len(found.data)) == (3, BLOCK.number, 160)
