"""A program that runs ``palomar`` commands, each in a process of its own that is forked after all imports.

A test runs dozens of commands; two thirds of a second of imports each would be most of its time. One JSON line in on
stdin a command (arguments, environment, directory, stdout, stderr), one line out: its exit code. Ends with its stdin.
"""

import json
import os
import sys
import traceback
from typing import NoReturn

from palomar.cli import main


def serve() -> None:
    """Run commands, one after the other, until stdin ends."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(order)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(order: dict[str, object]) -> NoReturn:
    for descriptor, file in enumerate((os.devnull, order["stdout"], order["stderr"])):
        opened = os.open(str(file), os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, descriptor)
        os.close(opened)
    code: object = 0
    try:
        os.chdir(str(order["directory"]))
        os.environ.clear()
        os.environ.update(order["environment"])  # type: ignore[call-overload]
        sys.argv = ["palomar", *order["arguments"]]  # type: ignore[misc]
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
