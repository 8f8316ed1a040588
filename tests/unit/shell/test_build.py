"""Which program this is, as files that are derived from a journal remember it."""

import ast
from pathlib import Path

import router
from router.shell.build import TELLING, deciding_build, telling_build

ROOT = Path(router.__file__).parent


def imported(path):
    """Return the files of its own room that a module imports."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("router.gateway"):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                file = f"{name.removeprefix('router.').replace('.', '/')}.py"
                if (ROOT / file).exists():
                    yield file


def test_all_that_makes_a_report_is_part_of_the_telling_build():
    reached, waiting = set(), ["gateway/reports.py", "gateway/report_data.py"]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting.extend(imported(path))

    assert set(TELLING) == reached


def test_who_decides_otherwise_tells_otherwise_too():
    assert telling_build() != deciding_build()
    assert len(telling_build()) == 64
