"""One environment serves every script, because the locks agree."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pins_of(lock):
    text = (ROOT / lock).read_text()
    return set(re.findall(r"^[\w.-]+==[^\s;]+", text, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("lock", "group"), [("requirements.lock", None), ("requirements-dev.lock", "dev")]
)
def test_a_lock_pins_every_package_the_project_asks_for(lock, group):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"] + project["dependency-groups"].get(group, [])

    pinned = {pin.split("==")[0] for pin in pins_of(lock)}

    missing = {re.match(r"[\w-]+", requirement)[0] for requirement in asked} - pinned
    assert not missing, f"write {lock} again"


def test_the_development_lock_holds_all_of_the_plain_one():
    missing = pins_of("requirements.lock") - pins_of("requirements-dev.lock")

    assert not missing, "write both locks in one go: scripts/run uses the environment of the tests"


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("*.lock")))
def test_every_pin_of_a_lock_has_a_hash(lock):
    lines = (ROOT / lock).read_text().splitlines()

    bare = [
        line
        for line, following in itertools.pairwise([*lines, ""])
        if not line.startswith(" ") and "--hash=sha256:" not in following
    ]

    assert not bare, "write the lock with hashes; setup installs nothing else"
