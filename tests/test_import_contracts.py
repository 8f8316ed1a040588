"""Each import contract breaks on an import planted against it, in a copy of the tree.

A contract that cannot break guards nothing: a name misspelt in it is not an error to its reader.
"""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
ENTRY_ROOMS = {"cli", "client", "compose", "shell", "gateway", "simulation"}
VENUE_ROOMS = {"domain", "port", "liquidity"}

PLANTS = [
    ("rooms", "router.domain", "import router.state"),
    ("rooms", "router.liquidity", "import router.port"),
    ("rooms", "router.state", "import router.engine"),
    ("rooms", "router.risk", "import router.execution"),
    ("rooms", "router.custody", "import router.risk"),
    ("rooms", "router.optimiser", "import router.risk"),
    ("rooms", "router.engine", "import router.shell"),
    ("rooms", "router.shell", "import router.compose"),
    ("rooms", "router.shell", "import router.simulation"),
    ("rooms", "router.simulation", "import router.compose"),
    ("rooms", "router.attic", ""),
    ("core", "router.engine", "import router.journal\nimport structlog"),
    ("core", "router.journal", "def read() -> None:\n    import sqlite3"),
    ("domain", "router.domain", "import numpy as np"),
    ("programme", "router.optimiser", "import cvxpy as cp"),
    ("direct", "router.optimiser", "import highspy"),
    ("fix-engine", "router.gateway.http", "import quickfix"),
    ("client", "router.client", "from router.domain import units"),
    ("composition", "router.shell", "from venues.hyperliquid import spec"),
    ("composition", "router.cli", "import venues.registry"),
    ("venues-reach", "venues.hyperliquid", "from router.state import world"),
    ("venues-reach", "venues.evm", "import router.shell"),
    ("venues-layers", "venues.hyperliquid", "import venues.uniswap_v3"),
    ("venues-layers", "venues.sandbox", "import venues.hyperliquid"),
    ("venues-layers", "venues.transport", "import venues.evm"),
    ("venues-layers", "venues.attic", ""),
    ("master-key", "venues.hyperliquid.adapter", "import venues.hyperliquid.master.signer"),
    ("owner", "venues.hyperliquid.adapter", "def sign():\n    import venues.hyperliquid.owner"),
    ("network", "venues.uniswap_v3", "import aiohttp"),
    ("network", "router.gateway", "import aiohttp"),
    ("network", "router.shell", "def connect() -> None:\n    from web3 import Web3"),
]


def read_contracts():
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    prefix = "importlinter:contract:"
    return {name.removeprefix(prefix): parser[name] for name in parser if name.startswith(prefix)}


def rooms_of(contract, option):
    return {name.removeprefix("router.") for name in contract[option].split()}


def existing_rooms():
    return {
        path.stem
        for path in (ROOT / "router").iterdir()
        if (path / "__init__.py").exists() or (path.suffix == ".py" and path.stem != "__init__")
    }


def copy_tree(target):
    for package in ("router", "venues"):
        ignored = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(ROOT / package, target / package, ignore=ignored)
    shutil.copy(ROOT / ".importlinter", target)


def plant(tree, module, code):
    path = tree / module.replace(".", "/")
    if path.with_suffix(".py").exists():
        with path.with_suffix(".py").open("a") as file:
            file.write(f"\n\n{code}\n")
        return
    path.mkdir(exist_ok=True)
    (path / "__init__.py").touch()
    (path / "planted.py").write_text(f"{code}\n")


def lint(tree):
    """Return what lint-imports says of a tree."""
    done = subprocess.run(  # noqa: S603 - our own interpreter, constant arguments
        [sys.executable, "-c", LINT, "--no-logo", "--no-cache"],
        cwd=tree,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clean_report(tmp_path_factory):
    tree = tmp_path_factory.mktemp("clean")
    copy_tree(tree)
    return lint(tree)


@pytest.mark.parametrize(("contract", "module", "code"), PLANTS)
def test_a_planted_import_breaks_its_contract(contract, module, code, tmp_path, clean_report):
    name = read_contracts()[contract]["name"]
    copy_tree(tmp_path)

    plant(tmp_path, module, code)
    report = lint(tmp_path)

    assert f"{name} KEPT" in clean_report, clean_report
    assert f"{name} BROKEN" in report, report


def test_a_planted_cycle_inside_a_room_breaks_the_contract_of_cycles(tmp_path, clean_report):
    name = read_contracts()["cycles"]["name"]
    copy_tree(tmp_path)

    (tmp_path / "router/state/day.py").write_text("import router.state.night\n")
    (tmp_path / "router/state/night.py").write_text("import router.state.day\n")
    report = lint(tmp_path)

    assert f"{name} KEPT" in clean_report, clean_report
    assert f"{name} BROKEN" in report, report


def test_a_clock_breaks_the_core_from_every_room_of_it(tmp_path):
    core = read_contracts()["core"]["source_modules"].split()
    copy_tree(tmp_path)

    for module in core:
        plant(tmp_path, module, "import time")
    report = lint(tmp_path)

    silent = [module for module in core if f"{module} is not allowed to import time" not in report]
    assert not silent, f"the contract of the core is blind to {silent}:\n{report}"


def test_every_contract_is_planted_against():
    planted = {contract for contract, _, _ in PLANTS} | {"cycles"}

    assert planted == set(read_contracts())


def test_every_room_is_in_the_contracts_that_list_rooms():
    contracts = read_contracts()

    core = rooms_of(contracts["core"], "source_modules")
    out_of_reach = rooms_of(contracts["venues-reach"], "forbidden_modules")

    assert core == existing_rooms() - ENTRY_ROOMS, "list each pure room in [core]"
    assert out_of_reach == existing_rooms() - VENUE_ROOMS, "list the rest in [venues-reach]"


def test_every_venue_is_in_the_contracts_that_list_venues():
    shared = {"sandbox", "evm", "transport"}
    venues = {path.parent.name for path in (ROOT / "venues").glob("*/__init__.py")} - shared
    contracts = read_contracts()

    independent = {
        name.strip()
        for line in contracts["venues-layers"]["layers"].splitlines()
        if "|" in line
        for name in line.split("|")
    }
    offline = contracts["network"]["source_modules"].split()

    assert independent - shared == venues, "list each venue on one line of [venues-layers]"
    assert {f"venues.{name}" for name in venues} <= set(offline), "list each venue in [network]"
