"""Groups of commands that import a command's module only when it is called, or listed by ``--help``.

Importing all of them takes three times the processor time that a short command itself takes.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class CommandTree(click.Group):
    """A group of commands whose modules are imported only when they are called."""

    def __init__(self, *args: Any, offered: Mapping[str, str], **settings: Any) -> None:
        """Take as ``offered`` the place of each command below ``palomar.cli`` (``module:attribute``), by its name."""
        super().__init__(*args, **settings)
        self._offered = offered

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self._offered, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self._offered and cmd_name not in self.commands:
            module, attribute = self._offered[cmd_name].split(":")
            self.add_command(getattr(import_module(f"palomar.cli.{module}"), attribute))
        return super().get_command(ctx, cmd_name)
