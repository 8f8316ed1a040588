from pathlib import Path

from router.domain.difference import Difference, DifferenceKind
from router.reconciliation import kinds
from router.reconciliation.kinds import RULES, Resolution, as_markdown

README = Path(kinds.__file__).with_name("README.md")


def test_every_kind_has_a_rule_and_every_rule_a_kind():
    assert set(RULES) == set(DifferenceKind)


def test_the_readme_shows_the_table_as_it_is():
    assert as_markdown() in README.read_text()


def test_what_halts_says_what_a_person_has_to_do():
    for kind, rule in RULES.items():
        if rule.resolution is Resolution.HALT:
            assert rule.remedy.strip() not in {"", "none"}, kind
            assert rule.is_told, kind


def test_a_baseline_is_taken_beside_what_is_booked_and_never_beside_what_halts():
    for kind, rule in RULES.items():
        may = kinds.may_agree(Difference("a", "x", 0, 1, kind))
        if rule.resolution is Resolution.HALT:
            assert not may, kind
        if rule.resolution is Resolution.BOOK:
            assert may, kind
