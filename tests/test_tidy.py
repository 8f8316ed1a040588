"""What no linter knows of this tree; each message says what to do instead."""

import ast
import functools
import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ERRORS = "router/domain/error.py"
OBSERVE = "router/shell/observe.py"
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
TOP_LEVEL = {
    *("pyproject.toml", "README.md", "router", "venues", "tests", "configs", "scripts"),
    *("LICENSE", "CHANGELOG.md"),
}
ASYNC_ALLOWED = (
    *("router/shell/", "router/cli/", "router/gateway/", "router/port.py", "router/compose"),
    *("router/simulation/", "router/client/"),
    *("venues/transport/", "venues/sandbox/", "venues/evm/nodes/", "tests/", "scripts/"),
)
ASYNC_MODULES = re.compile(
    r"venues/(\w+/adapter|evm/(\w+/(follower|stream|executor|relay|sending|sighting|signing)"
    r"|state/\w+_reader|account_reading|account_transfers|allowances|chain_venue"
    r"|discovery|settings)"
    r"|hyperliquid/(clients/(exchange|info|nonces|open_orders)|feed/stream"
    r"|account/(reader|funding)|trading/(cancels|rounds|trader)"
    r"|children|owner|startup|upkeep))\.py"
)
STATUS_EXEMPT = tuple(
    f"router/{place}"
    for place in (
        *("execution/order_machine.py", "execution/parent_machine.py", "execution/progress.py"),
        *("domain/", "shell/", "simulation/"),
    )
)
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9.])/(?:work|root|home|tmp|farm)/[A-Za-z.]")
REGISTRY_HOST = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|debian\.(?:org|net)")
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b")
EVM_BYTECODE = re.compile(r"60[68]0604052[0-9a-fA-F]{60}")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@functools.cache
def tracked_files():
    """Return the paths that are in the tree or would be with the next commit."""
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.check_output(words, cwd=ROOT, text=True)  # noqa: S603 - our own words
    return sorted(path for path in listed.split("\0") if path and (ROOT / path).is_file())


@functools.cache
def modules():
    """Return the syntax tree of every Python file, by path."""
    paths = [path for path in tracked_files() if path.endswith(".py")]
    return {path: ast.parse((ROOT / path).read_text(encoding="utf-8")) for path in paths}


@functools.cache
def texts():
    read = {}
    for path in tracked_files():
        try:
            read[path] = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return read


def nodes_of(kind, *prefixes):
    """Yield path and node for every node of a kind in the files under the prefixes."""
    for path, module in modules().items():
        if path.startswith(prefixes):
            yield from ((path, node) for node in ast.walk(module) if isinstance(node, kind))


def at(path, node):
    return f"{path}:{node.lineno}"


def name_of(node):
    """Return the last name of ``name``, ``module.name`` or a call of either."""
    match node:
        case ast.Call():
            return name_of(node.func)
        case ast.Attribute():
            return node.attr
        case ast.Name():
            return node.id
        case _:
            return ""


def lines_with(pattern):
    return [
        f"{path}:{number}"
        for path, text in texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def refuse(offenders, instead):
    found = sorted(set(offenders))
    assert not found, f"{instead}:\n  " + "\n  ".join(found)


def test_a_module_has_at_most_400_lines():
    counts = {path: texts()[path].count("\n") for path in modules()}

    refuse(
        (f"{path}: {count} lines" for path, count in counts.items() if count > MODULE_LINES_MAX),
        "split the module: which two nouns are in it?",
    )


def test_a_function_has_at_most_60_lines():
    lengths = [
        (at(path, node), node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for path, node in nodes_of(FUNCTIONS, "")
    ]

    refuse(
        (f"{place} {name}: {n} lines" for place, name, n in lengths if n > FUNCTION_LINES_MAX),
        "a function fits a screen: move a step of it into a function with a name",
    )


def test_the_top_level_has_only_the_names_that_were_agreed():
    names = {path.split("/")[0] for path in tracked_files()}

    refuse(
        (
            name
            for name in names - TOP_LEVEL
            if not name.startswith(".") and not name.endswith(".lock")
        ),
        "put it into router, venues, tests, configs or scripts",
    )
    assert names >= TOP_LEVEL, f"missing: {sorted(TOP_LEVEL - names)}"


def test_only_risk_approves():
    calls = nodes_of(ast.Call, "router/", "venues/", "scripts/")

    refuse(
        (
            at(path, call)
            for path, call in calls
            if name_of(call) == "Approved" and not path.startswith("router/risk/")
        ),
        "ask router.risk for a verdict; nothing else builds Approved",
    )


def sets_a_status(node):
    match node:
        case ast.Call():
            status = [keyword.value for keyword in node.keywords if keyword.arg == "status"]
            return bool(status) and (name_of(node) == "replace" or is_order_status(status[0]))
        case ast.Assign(targets=targets):
            return any(isinstance(to, ast.Attribute) and to.attr == "status" for to in targets)
        case ast.AnnAssign(target=ast.Attribute(attr="status")):
            return True
        case _:
            return False


def is_order_status(value):
    return isinstance(value, ast.Attribute) and name_of(value.value) == "OrderStatus"


def test_only_the_order_machine_moves_an_order_to_another_status():
    refuse(
        (
            at(path, node)
            for path, node in nodes_of((ast.Call, ast.Assign, ast.AnnAssign), "router/")
            if sets_a_status(node) and not path.startswith(STATUS_EXEMPT)
        ),
        "emit an event and let router/execution/order_machine.py find the transition in its table",
    )


def imported_names(node):
    """Return the dotted names that an import statement makes reachable."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    module = node.module or ""
    return [module, *(f"{module}.{alias.name}" for alias in node.names)]


def test_async_functions_are_only_where_bytes_and_time_move():
    refuse(
        (
            f"{at(path, node)} {node.name}"
            for path, node in nodes_of(ast.AsyncFunctionDef, "")
            if not path.startswith(ASYNC_ALLOWED) and not ASYNC_MODULES.fullmatch(path)
        ),
        "keep it sans-IO, and let an adapter, the transport or the shell await",
    )


def test_every_error_is_raised_somewhere():
    classes = [node for _, node in nodes_of(ast.ClassDef, ERRORS)]
    inherited = {name_of(base) for node in classes for base in node.bases}
    raised = {
        name_of(node.exc)
        for path, node in nodes_of(ast.Raise, "router/", "venues/")
        if path != ERRORS and node.exc is not None
    } | {name_of(call) for path, call in nodes_of(ast.Call, "router/", "venues/") if path != ERRORS}

    leaves = {node.name for node in classes} - inherited
    assert leaves, f"{ERRORS} has no error class"
    refuse(leaves - raised, f"raise it, or take it out of {ERRORS}")


def test_every_log_event_is_written_somewhere():
    public = {
        node.name
        for node in modules()[OBSERVE].body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    used = {
        node.attr
        for _, node in nodes_of(ast.Attribute, "router/")
        if name_of(node.value) == "observe"
    }

    assert public, f"{OBSERVE} has no log events"
    refuse(public - used, f"call it where it happens, or take it out of {OBSERVE}")


def has_code(module):
    return any(
        not all(is_nothing(statement) for statement in node.body)
        for node in ast.walk(module)
        if isinstance(node, FUNCTIONS)
    )


def is_nothing(statement):
    """Say whether a statement is a docstring, an ellipsis or a pass."""
    is_constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_constant or isinstance(statement, ast.Pass)


def test_every_module_of_the_router_is_imported_by_a_test():
    imported = {
        name
        for _, node in nodes_of((ast.Import, ast.ImportFrom), "tests/")
        for name in imported_names(node)
    }
    wanted = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path, module in modules().items()
        if path.startswith("router/") and has_code(module)
    }

    refuse(wanted - imported, "write tests/unit/<room>/test_<module>.py for it")


def test_registry_harnesses_configurations_and_table_name_the_same_venues():
    registry = set(importlib.import_module("venues.registry").REGISTRY)
    harnesses = set(importlib.import_module("tests.contract.harnesses").HARNESSES)
    configured = {path.stem for path in (ROOT / "configs/venues").glob("*.toml")}
    rows = set(re.findall(r"^\| `(\w+)` \|", texts()["venues/README.md"], flags=re.MULTILINE))

    assert registry, "venues/registry.py names no venue"
    assert harnesses == registry, "each venue has a harness in tests/contract/harnesses.py"
    assert configured == registry, "each venue has a file in configs/venues"
    assert rows == registry, "each venue has a row in the table of venues/README.md"


def test_no_file_names_a_path_of_the_machine_it_was_written_on():
    refuse(
        lines_with(MACHINE_PATH), "make the path relative to the tree, or take it as an argument"
    )


def test_no_file_names_a_package_registry():
    refuse(lines_with(REGISTRY_HOST), "name the package only; the client knows where to look")

    locks = [path for path in tracked_files() if path.endswith("package-lock.json")]
    refuse(
        (path for path in locks if '"resolved"' in texts()[path]),
        "write the lock again with omit-lockfile-registry-resolved=true",
    )


def test_no_file_holds_the_bytecode_of_a_contract():
    refuse(lines_with(EVM_BYTECODE), "read it from the npm package that publishes it")


def test_nothing_is_left_unfinished_in_a_comment():
    refuse(lines_with(UNFINISHED), "do it, or open an issue and take the comment out")


def lacks_a_reason(call):
    """Say whether a skip or an expected failure comes without a reason in words."""
    words = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    # pytest.skip("why") takes the reason as its first argument, the marks do not.
    if isinstance(call.func, ast.Attribute) and name_of(call.func.value) == "pytest":
        words += call.args[:1] if name_of(call) in {"skip", "xfail"} else []
    return not any(
        isinstance(word, ast.JoinedStr) or getattr(word, "value", "").strip() for word in words
    )


def test_no_test_is_skipped_without_a_reason():
    silencers = {"skip", "skipif", "xfail", "importorskip"}
    calls = [
        (path, node) for path, node in nodes_of(ast.Call, "tests/") if name_of(node) in silencers
    ]
    called = {id(node.func) for _, node in calls}
    bare = [
        (path, node)
        for path, node in nodes_of(ast.Attribute, "tests/")
        if node.attr in silencers and id(node) not in called
    ]

    silent = [(path, node) for path, node in calls if lacks_a_reason(node)]
    refuse((at(path, node) for path, node in silent + bare), "say why in `reason`")


def parse(code):
    return ast.parse(code).body[0]


@pytest.mark.parametrize(
    ("code", "is_caught"),
    [
        ("replace(order, status=reached)", True),
        ("dataclasses.replace(order, status=OrderStatus.FILLED)", True),
        ("ChildState(order, status=OrderStatus.FILLED)", True),
        ("Row(status=order.status)", False),
        ("replace(order, quantity=rest)", False),
    ],
)
def test_the_rule_on_statuses_sees_what_it_should(code, is_caught):
    assert sets_a_status(parse(code).value) is is_caught


def test_the_rule_on_statuses_sees_an_assignment():
    assert sets_a_status(parse("order.status = OrderStatus.FILLED"))
    assert not sets_a_status(parse("status = OrderStatus.FILLED"))


@pytest.mark.parametrize(
    ("code", "is_caught"),
    [
        ("pytest.skip()", True),
        ('pytest.skip("")', True),
        ("pytest.mark.skip()", True),
        ("pytest.mark.skipif(True)", True),
        ('pytest.importorskip("numpy")', True),
        ('pytest.skip("there is no node here")', False),
        ('pytest.skip(f"there is no {tool} here")', False),
        ('pytest.mark.xfail(reason="the venue rounds down")', False),
    ],
)
def test_the_rule_on_skips_sees_what_it_should(code, is_caught):
    assert lacks_a_reason(parse(code).value) is is_caught


@pytest.mark.parametrize(
    ("code", "is_caught"),
    [
        ("def f():\n    return 1", True),
        ("class C:\n    def f(self):\n        return 1", True),
        ('class P(Protocol):\n    def f(self):\n        """Say."""\n        ...', False),
        ("LIMIT = 3", False),
    ],
)
def test_the_rule_on_tests_knows_code_from_vocabulary(code, is_caught):
    assert has_code(ast.parse(code)) is is_caught


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE_PATH, "open('" + "/home" + "/ann/key')"),
        (REGISTRY_HOST, "curl https://" + "pypi" + ".org/simple"),
        (UNFINISHED, "# TO" + "DO: later"),
        (EVM_BYTECODE, "0x" + "6080" + "604052" + "ab" * 40),
    ],
)
def test_the_rules_on_text_see_what_they_should(pattern, line):
    assert pattern.search(line)
