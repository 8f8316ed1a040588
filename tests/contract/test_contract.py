"""Every venue against every clause of the contract."""

import asyncio
import re

import pytest

from tests.contract.clauses import CLAUSES
from tests.contract.ground import Ground
from tests.contract.harnesses import HARNESSES, UNSUPPORTED

CLAUSE_DEADLINE_S = 20


@pytest.fixture(scope="session")
def ground():
    with Ground() as made:
        yield made


@pytest.mark.parametrize("clause", CLAUSES)
@pytest.mark.parametrize("venue", sorted(HARNESSES))
def test_contract(venue, clause, ground):
    if clause in UNSUPPORTED[venue]:
        pytest.skip(f"{venue} does not support {clause}: {UNSUPPORTED[venue][clause]}")

    async def main():
        async with HARNESSES[venue](ground) as harness, asyncio.timeout(CLAUSE_DEADLINE_S):
            await CLAUSES[clause](harness)

    asyncio.run(main())


def test_clauses_are_named_by_a_group_and_a_number_and_none_is_there_twice():
    assert all(re.fullmatch(r"V-(DATA|EXEC|ACCT|CHAIN)-[1-9][0-9]*", name) for name in CLAUSES)
    assert len(set(CLAUSES.values())) == len(CLAUSES)


def test_what_a_venue_does_not_support_is_a_clause_and_has_a_reason():
    assert set(UNSUPPORTED) == set(HARNESSES)
    for clauses in UNSUPPORTED.values():
        assert set(clauses) < set(CLAUSES)
        assert all(clauses.values())
