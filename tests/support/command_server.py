"""A program that runs ``palomar``, each time in a process of its own that is forked after all imports.

A test run starts hundreds of them; a second of imports each would be most of its time. One JSON line in on stdin an
order, one line out: ``start`` (arguments, environment, directory, stdout, stderr) gives a pid, ``wait`` and ``poll``
(pid) an exit code, or null where it still runs. With its stdin it ends, and so do those that it started.
"""

import json
import os
import signal
import sys
import traceback
from typing import Any, NoReturn

from palomar.cli import main


def serve() -> None:
    """Obey, one order after the other, until stdin ends."""
    running: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        answer: int | None
        if order["verb"] == "start":
            answer = os.fork()
            if answer == 0:
                _run(order)
            running.add(answer)
        else:
            pid, status = os.waitpid(order["pid"], 0 if order["verb"] == "wait" else os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
            running.discard(pid)
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
    for pid in running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _run(order: dict[str, Any]) -> NoReturn:
    for descriptor, file in enumerate((os.devnull, order["stdout"], order["stderr"])):
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, descriptor)
        os.close(opened)
    code: object = 0
    try:
        os.chdir(order["directory"])
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.argv = ["palomar", *order["arguments"]]
        main()
    except SystemExit as leaving:
        code = leaving.code or 0
    except BaseException:
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve()
