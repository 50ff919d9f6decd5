"""The command line: what operators and scripts type.

A command is one short transaction on the database, beside a running server or without one; running servers notice the
change within a second. With ``--json``, stdout has that JSON and nothing else. A command's module is imported only when
the command is called, which keeps each start short (``cli.tree``). Not here: what a command's words mean (the
capabilities' folders), and how the server is built (``app``).
"""

import errno
import sys

import click

from palomar.cli.output import finish_stdout, silence_stdout, steady_stderr
from palomar.cli.root import root

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EPIPE, errno.EIO, errno.EBADF)


def main() -> None:
    """Run the ``palomar`` command. A stdout that cannot be written is an error of its own: exit code 1, one line on
    stderr, and not even that where a reader such as ``head`` has just had enough."""
    steady_stderr()
    code: int | str | None = 0
    try:
        root(prog_name="palomar")
    except SystemExit as leaving:
        code = leaving.code
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITABLE:  # not an error of stdout
            raise
        silence_stdout()
        click.echo(f"palomar: the output cannot be written: {error.strerror or error}", err=True)
        code = 1
    why = finish_stdout()
    if why and not code:
        click.echo(f"palomar: the output cannot be written: {why}", err=True)
        code = 1
    sys.exit(code)
