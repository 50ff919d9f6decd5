"""``palomar serve`` that is killed at its n-th sync, before the disk has it or before anybody hears that it has; or
whose disk hangs from then on.

    python dying_server.py before|after|hang NUMBER [ARGUMENTS OF PALOMAR...]

Every step of the house ends with a COMMIT, and every COMMIT with a sync: so each pair of steps can be parted here, as
``kill -9`` from outside cannot. Syncs of the database file itself (checkpoints) count too.
"""

import os
import signal
import sys
import time
from typing import Any

import apsw

from palomar.cli import main

_HANGS_SECONDS = 60.0
_SYNC_SECONDS = 0.002
"""As long as most disks need: then a COMMIT is waited for in a thread."""


class Dying(apsw.VFS):
    """The usual file layer, until the moment comes."""

    def __init__(self, where: str, number: int) -> None:
        super().__init__("dying", "unix", makedefault=True)
        self._where, self._left = where, number

    def xOpen(self, name: Any, flags: list[int]) -> "DyingFile":  # noqa: N802
        return DyingFile(self, name, flags)

    def syncs(self, where: str) -> None:
        """Die if this is the moment."""
        if where == "before":
            self._left -= 1
        if self._where == "hang":
            time.sleep(_SYNC_SECONDS if self._left > 0 else _HANGS_SECONDS)
        if self._left <= 0 and where == self._where:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingFile(apsw.VFSFile):
    def __init__(self, disk: Dying, name: Any, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("unix", name, flags)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.syncs("before")
        super().xSync(flags)
        self._disk.syncs("after")


if __name__ == "__main__":
    where, number, *arguments = sys.argv[1:]
    disk = Dying(where, int(number))
    sys.argv = ["palomar", *arguments]
    main()
