"""FIX gateways that die: forked from a process that has imported everything.

Started as a program with a configuration, it forks a gateway for each line it reads, which says the
port. It writes a line with the process id and one with how it ended; between the two the gateway
writes its own when it is ready.
"""

import os
import signal
import sys
from pathlib import Path

import orjson

from router.compose import fix_gateway


def say(**facts):
    os.write(1, orjson.dumps(facts) + b"\n")


def main():
    path = Path(sys.argv[1])
    say(imported=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                fix_gateway.run(path, port=int(line))
                code = 0
            except BaseException:  # noqa: BLE001 - whoever started it sees the code
                sys.excepthook(*sys.exc_info())
            finally:
                sys.stdout.flush()
                os._exit(code)
        say(pid=pid)
        _, status = os.waitpid(pid, 0)
        say(code=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
