"""The command line: what operators and scripts type.

Commands beside a running server are short transactions on the same database; every node sees them within a second. With
``--json`` stdout is only that JSON. Not here: what any of it means (``flows``), or how the server is built (``app``).

A command's module is imported when the command is called: that keeps each start short (``cli.tree``).
"""

from palomar.cli.root import root


def main() -> None:
    """Run the ``palomar`` command."""
    root(prog_name="palomar")
