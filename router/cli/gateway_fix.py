"""The gateway for FIX sessions: a process of its own beside the daemon."""

from pathlib import Path

from router.compose.doors import fix
from router.shell import observe
from router.shell.child_process import end_with


def run(path: Path, *, port: int | None, parent: int | None) -> None:
    """Serve until SIGINT or SIGTERM."""
    observe.configure(verbose=False)
    if parent is not None:
        end_with(parent)
    fix.run(path, port=port)
