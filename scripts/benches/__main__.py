"""Find the benches beside this file, run the ones asked for, and print their figures.

A bench is a module with NAME, DESCRIPTION and run(*, quick: bool), which returns one dictionary a
figure, with the keys that `_figures.figure` gives it. Judges nothing: a goal that is missed is
shown as missed, and the command still succeeds.
"""

import argparse
import importlib.util
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import orjson
from rich.console import Console
from rich.table import Table

Figure: TypeAlias = Mapping[str, object]

KEYS: Final = ("name", "value", "unit", "against", "ratio", "goal", "met")
UNKNOWN_NAME: Final = 2
WIDTH_MIN: Final = 120


@dataclass(frozen=True, slots=True)
class Bench:
    """One thing that can be measured."""

    name: str
    description: str
    run: Callable[..., Sequence[Figure]]


class MalformedBenchError(Exception):
    """A bench module lacks a name that is asked of it, or returned another shape."""


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit status."""
    options = _parse(arguments)
    benches = _find_benches(Path(__file__).parent)
    if options.list:
        _print_list(benches)
        return 0
    chosen = sorted(benches) if options.all else [options.name]
    if not set(chosen) <= set(benches):
        known = ", ".join(sorted(benches)) or "none yet"
        print(f"bench: there is no bench named {options.name!r}; known: {known}", file=sys.stderr)
        return UNKNOWN_NAME
    for name in chosen:
        _measure(benches[name], quick=options.quick, json_only=options.json)
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure; the last line printed for a bench is its figures as JSON.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("name", nargs="?", metavar="NAME", help="the bench to run")
    what.add_argument("--list", action="store_true", help="list the benches and stop")
    what.add_argument("--all", action="store_true", help="run every bench, one after another")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, rougher figures")
    return parser.parse_args(arguments)


def _find_benches(folder: Path) -> dict[str, Bench]:
    # A bench may import anything in the tree, tests' data included.
    sys.path.insert(0, str(folder.parents[1]))
    found: dict[str, Bench] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        bench = _load(path)
        if bench.name in found:
            raise MalformedBenchError(f"{path.name}: the name {bench.name!r} is taken")
        found[bench.name] = bench
    return found


def _load(path: Path) -> Bench:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Registered, so that what a bench sends to a worker process can be found there by name.
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    try:
        return Bench(name=module.NAME, description=module.DESCRIPTION, run=module.run)
    except AttributeError as error:
        raise MalformedBenchError(f"{path.name}: {error}") from error


def _print_list(benches: Mapping[str, Bench]) -> None:
    width = max(map(len, benches), default=0)
    for name, bench in sorted(benches.items()):
        print(f"{name:{width}}  {bench.description}")


def _measure(bench: Bench, *, quick: bool, json_only: bool) -> None:
    figures = bench.run(quick=quick)
    for figure in figures:
        if set(figure) != set(KEYS):
            raise MalformedBenchError(f"{bench.name}: a figure has the keys {sorted(figure)}")
    machine = _describe_machine()
    if not json_only:
        _print_table(bench, figures, machine)
    record = {"bench": bench.name, "machine": machine, "figures": list(figures)}
    print(orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY).decode(), flush=True)


def _print_table(bench: Bench, figures: Sequence[Figure], machine: Mapping[str, object]) -> None:
    console = Console(soft_wrap=False)
    table = Table(title=f"{bench.name}: {bench.description}", title_justify="left")
    for key in KEYS:
        table.add_column(key, justify="right" if key in {"value", "ratio"} else "left")
    for figure in figures:
        table.add_row(*(_show(figure[key]) for key in KEYS))
    console.width = max(console.width, WIDTH_MIN)
    console.print(table)
    console.print(", ".join(f"{key} {value}" for key, value in machine.items()), style="dim")


def _show(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "MISSED"
        case float():
            return f"{value:,.4g}" if abs(value) < 1000.0 else f"{value:,.0f}"  # noqa: PLR2004 - four digits
        case _:
            return str(value)


def _describe_machine() -> dict[str, object]:
    return {
        "cpu": _read_cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _read_cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return platform.processor()
    models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
