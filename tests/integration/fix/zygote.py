"""Gateways forked from a process that has imported everything: importing takes a second or two.

For each line with a configuration's path it forks a gateway, whose output goes to files named like
it: ``.said`` (a pipe with a name), ``.wrong``, and in the end ``.status``. It answers with its id.
"""

import os
import sys
from pathlib import Path

from router.compose.doors import fix
from router.shell import observe


def main():
    sys.stdout.write("imported\n")
    sys.stdout.flush()
    for line in sys.stdin:
        config = Path(line.strip())
        keeper = os.fork()
        if keeper == 0:
            _keep(config)
        os.waitpid(keeper, 0)


# A process between the two waits for the gateway, so that this one may go on.
def _keep(config):
    if os.fork():
        os._exit(0)
    gateway = os.fork()
    if gateway == 0:
        _run(config)
    sys.stdout.write(f"{gateway}\n")
    sys.stdout.flush()
    _, status = os.waitpid(gateway, 0)
    with config.with_suffix(".status").open("w") as pipe:
        pipe.write(str(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _run(config):
    for number, suffix, flags in ((2, ".wrong", os.O_CREAT | os.O_APPEND), (1, ".said", 0)):
        os.dup2(os.open(config.with_suffix(suffix), os.O_WRONLY | flags, 0o600), number)
    code = 1
    try:
        observe.configure(verbose=False)
        fix.run(config)
        code = 0
    except BaseException:  # noqa: BLE001 - whoever started it reads it in the file
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
