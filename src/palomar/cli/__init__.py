"""The command line: what operators and scripts type.

Commands beside a running server are short transactions on the same database; every node sees them within a second. With
``--json`` stdout is only that JSON. Not here: what any of it means (``flows``), or how the server is built (``app``).

A command's module is imported when the command is called: that keeps each start short (``cli.tree``).
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
        if error.filename is not None or error.errno not in _UNWRITABLE:  # no matter of stdout
            raise
        silence_stdout()
        click.echo(f"palomar: the output cannot be written: {error.strerror or error}", err=True)
        code = 1
    why = finish_stdout()
    if why and not code:
        click.echo(f"palomar: the output cannot be written: {why}", err=True)
        code = 1
    sys.exit(code)
