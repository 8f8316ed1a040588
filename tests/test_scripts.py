"""The commands a person types, run on a small copy of the tree with stand-ins for the installers.

Installing for real is what scripts/test itself has just done.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-oracle.lock"]
WAIT_MAX_S = 60.0

# Writes what it was asked to do, waits for a file where one is named, and makes the little of an
# environment that the scripts look at.
FAKE_UV = """#!/bin/bash
echo "uv $*" >> "$CALLS"
for _ in $(seq 600); do
  [[ -z ${WAIT_FOR:-} || -e $WAIT_FOR ]] && break
  sleep 0.05
done
[[ $1 == venv ]] || exit "${INSTALL_STATUS:-0}"
bin="${@: -1}/bin"
mkdir -p "$bin"
for name in python headrace npm; do
  printf '#!/bin/bash\necho "ran $0 $*" >> "$CALLS"\n[[ -z ${FAILS:-} || "$*" != *$FAILS ]]\n' \
    > "$bin/$name"
  chmod +x "$bin/$name"
done
echo 'mkdir node_modules' >> "$bin/npm"
"""
FAKE_NODE = "#!/bin/bash\necho ${NODE_MAJOR:-22}\n"
FAKE_NPM = '#!/bin/bash\necho "npm $*" >> "$CALLS"\nmkdir -p node_modules\n'


class Tree:
    """A copy of the scripts beside stand-in locks and installers."""

    def __init__(self, root):
        self.root = root
        self.calls_file = root / "calls"
        self.calls_file.touch()
        self.tools = root / "tools"

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def write_tool(self, name, text):
        self.write(f"tools/{name}", text)
        (self.tools / name).chmod(0o755)

    def start(self, command, *arguments, **environment):
        # The interpreter of the tests is the Python that is found; the rest is the system's own.
        system = os.defpath.split(os.pathsep)
        path = os.pathsep.join([str(self.tools), str(Path(sys.executable).parent), *system])
        return subprocess.Popen(  # noqa: S603 - a script of this tree
            [str(self.root / command), *arguments],
            cwd=os.sep,
            env={"PATH": path, "CALLS": str(self.calls_file), "CI": "true", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command, *arguments, **environment):
        with self.start(command, *arguments, **environment) as process:
            out, err = process.communicate(timeout=WAIT_MAX_S)
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def take_calls(self):
        """Return what the stand-ins were asked since the last time."""
        calls = self.calls_file.read_text().splitlines()
        self.calls_file.write_text("")
        return calls


@pytest.fixture
def tree(tmp_path):
    tree = Tree(tmp_path)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=ignored)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    for lock in [*LOCKS, "requirements-node.lock", "pyproject.toml"]:
        tree.write(lock, f"{lock}\n")
    tree.write("venues/sandbox/package-lock.json", "{}\n")
    tree.write_tool("uv", FAKE_UV)
    tree.write_tool("node", FAKE_NODE)
    tree.write_tool("npm", FAKE_NPM)
    return tree


def installs(calls):
    return [call.split()[-1] for call in calls if call.startswith("uv pip install")]


def test_setup_installs_the_lock_the_project_and_the_sandbox(tree):
    done = tree.run("scripts/setup", "run")

    calls = tree.take_calls()
    assert done.returncode == 0, done.stderr
    assert not done.stdout
    assert installs(calls) == ["requirements.lock", "."]
    assert [call for call in calls if call.startswith("npm ci --ignore-scripts")]
    assert len(done.stderr.splitlines()) == 2 * 3, "a line where a step begins and where it ends"


def test_a_second_setup_does_nothing(tree):
    tree.run("scripts/setup", "dev", "oracle")
    tree.take_calls()

    done = tree.run("scripts/setup", "dev", "oracle")

    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert installs(tree.take_calls()) == []


def test_the_development_environment_serves_the_demo_too(tree):
    tree.run("scripts/setup", "dev")
    tree.take_calls()

    tree.run("scripts/setup", "run")

    assert installs(tree.take_calls()) == []


def test_the_plain_environment_does_not_serve_the_tests(tree):
    tree.run("scripts/setup", "run")
    tree.take_calls()

    tree.run("scripts/setup", "dev")

    assert installs(tree.take_calls()) == ["requirements-dev.lock", "."]


@pytest.mark.parametrize("lock", ["requirements-dev.lock", "requirements-oracle.lock"])
def test_a_changed_lock_is_installed_again(lock, tree):
    tree.run("scripts/setup", "dev", "oracle")
    tree.take_calls()
    tree.write(lock, "changed\n")

    tree.run("scripts/setup", "dev", "oracle")

    assert lock in installs(tree.take_calls())


def test_a_changed_package_lock_is_installed_again(tree):
    tree.run("scripts/setup", "run")
    tree.take_calls()
    tree.write("venues/sandbox/package-lock.json", '{"changed": true}\n')

    tree.run("scripts/setup", "run")

    assert [call.split()[:2] for call in tree.take_calls() if "npm" in call] == [["npm", "ci"]]


def test_an_install_that_failed_is_tried_again(tree):
    failed = tree.run("scripts/setup", "run", INSTALL_STATUS="3")
    tree.take_calls()

    done = tree.run("scripts/setup", "run")

    assert failed.returncode == 3
    assert done.returncode == 0, done.stderr
    assert installs(tree.take_calls()) == ["requirements.lock", "."]


def test_an_old_node_is_replaced_by_the_locked_one(tree):
    done = tree.run("scripts/setup", "run", NODE_MAJOR="18")

    calls = tree.take_calls()
    assert done.returncode == 0, done.stderr
    assert "requirements-node.lock" in installs(calls)
    assert any(".venv-node/bin/npm ci" in call for call in calls), calls


def test_two_setups_at_once_install_once(tree):
    released = tree.root / "released"
    waiting = {"WAIT_FOR": str(released)}

    with (
        tree.start("scripts/setup", "run", **waiting) as first,
        tree.start("scripts/setup", "run", **waiting) as second,
    ):
        released.touch()
        outcomes = [process.communicate(timeout=WAIT_MAX_S) for process in (first, second)]

    assert (first.returncode, second.returncode) == (0, 0), outcomes
    assert installs(tree.take_calls()) == ["requirements.lock", "."]


def test_an_unknown_part_is_refused_by_name(tree):
    done = tree.run("scripts/setup", "kitchen")

    assert done.returncode == 1
    assert "'kitchen'" in done.stderr


def test_run_hands_its_arguments_to_the_demo(tree):
    done = tree.run("scripts/run", "--quantity", "2 WETH")

    assert done.returncode == 0, done.stderr
    assert tree.take_calls()[-1].endswith(".venv/bin/headrace demo --quantity 2 WETH")


def test_the_test_command_leaves_out_the_long_tests(tree):
    done = tree.run("scripts/test", "--no-check", "tests/unit", "-x")

    assert done.returncode == 0, done.stderr
    assert tree.take_calls()[-1].endswith("python -m pytest -m not live and not soak tests/unit -x")


def lanes(tree):
    """Return what pytest was told in both lanes: what it runs, and what it leaves out."""
    runs = [call.partition(" -m pytest -m ") for call in tree.take_calls()]
    told = [words.split(" tests", 1) for _, is_pytest, words in runs if is_pytest]
    desks, others = sorted(told, key=lambda each: "--ignore" in each[1])
    assert desks[0] == others[0]
    paths = [f"tests{rest}" for rest in desks[1].split(" tests")]
    whole, *left_out = f"tests{others[1]}".split(" --ignore=")
    assert whole == "tests"
    return desks[0], paths, left_out


def test_all_tests_run_in_two_lanes_and_what_one_leaves_out_the_other_runs(tree):
    done = tree.run("scripts/test", "--no-check")

    marks, paths, left_out = lanes(tree)
    assert done.returncode == 0, done.stderr
    assert marks == "not live and not soak"
    assert paths == left_out
    assert len(set(paths)) == len(paths)
    assert all((ROOT / path).is_dir() for path in paths)


@pytest.mark.parametrize(
    ("name", "words"),
    [("desks", "not soak tests/integration/*"), ("others", "not soak tests --ignore=*")],
)
def test_a_lane_that_fails_fails_the_run_and_the_other_is_finished(name, words, tree):
    done = tree.run("scripts/test", "--no-check", FAILS=words)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"test: failed: {name}"
    assert lanes(tree)


def test_the_long_tests_run_when_asked_for(tree):
    tree.run("scripts/test", "--no-check", "--soak")

    marks, *_ = lanes(tree)
    assert marks == "not live"


def test_the_integration_run_is_the_test_command_and_stops_at_a_failed_check(tree):
    done = tree.run(".ci/run")

    # The stand-in environment has no lint-imports, so the last check fails, and no test runs.
    calls = tree.take_calls()
    assert done.returncode == 1
    assert "check: failed: imports" in done.stderr
    assert any("ruff format --check" in call for call in calls)
    assert not any("pytest" in call for call in calls)


BENCH = """
NAME = "stand-in"
DESCRIPTION = "what a bench looks like"


def run(*, quick):
    figure = {"name": "wait", "value": 2.5 if quick else 5.0, "unit": "ms", "against": "nothing"}
    return [figure | {"ratio": None, "goal": "below 9", "met": True}]
"""


def bench(folder, *arguments):
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_MAX_S,
    )


@pytest.fixture
def benches(tmp_path):
    folder = tmp_path / "scripts/benches"
    folder.mkdir(parents=True)
    for name in ("__main__.py", "_figures.py"):
        shutil.copy(ROOT / "scripts/benches" / name, folder)
    (folder / "stand_in.py").write_text(BENCH)
    return folder


def test_every_bench_of_the_tree_is_listed_with_what_it_measures():
    written = list((ROOT / "scripts/benches").glob("[!_]*.py"))

    done = bench(ROOT / "scripts/benches", "--list")

    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(written)
    assert all(len(line.split(maxsplit=1)) == 2 for line in done.stdout.splitlines())


def test_an_unknown_bench_is_refused_and_the_known_ones_are_named(benches):
    done = bench(benches, "nothing")

    assert done.returncode == 2
    assert "'nothing'" in done.stderr
    assert "stand-in" in done.stderr


def test_a_bench_ends_with_its_figures_on_one_line(benches):
    done = bench(benches, "stand-in", "--quick")

    *table, last = done.stdout.splitlines()
    record = orjson.loads(last)
    assert any("below 9" in line for line in table)
    assert record["bench"] == "stand-in"
    assert record["figures"][0]["value"] == 2.5
    assert set(record["machine"]) == {"cpu", "cores", "python", "platform"}
    assert os.uname().nodename not in record["machine"].values()


def test_a_bench_as_data_prints_nothing_else(benches):
    done = bench(benches, "--all", "--json")

    assert [orjson.loads(line)["bench"] for line in done.stdout.splitlines()] == ["stand-in"]


def test_a_bench_of_another_shape_is_named(benches):
    (benches / "broken.py").write_text('NAME = "broken"\n')

    done = bench(benches, "--list")

    assert done.returncode != 0
    assert "broken.py" in done.stderr
