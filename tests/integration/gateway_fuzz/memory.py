"""How much memory a process holds, and whether that is flat."""

import gc
import os
import sys
from pathlib import Path

PAGE_MIB = os.sysconf("SC_PAGESIZE") / 2**20
# A few megabytes are what caches, arenas and the fuzzer's own last messages come to.
GROWTH_MIB_MAX = 24.0


def resident_mib(process="self"):
    """Return the resident memory of a process, in MiB."""
    gc.collect()
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_MIB


def say(line):
    """Show a line of what was done, whether or not output is captured."""
    sys.__stderr__.write(f"\n  {line}")
    sys.__stderr__.flush()
