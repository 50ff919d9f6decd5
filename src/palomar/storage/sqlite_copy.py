"""A consistent copy of a SQLite database, also while a server writes to it.

Only the SQLite library that Palomar itself uses may open the file: an older one can corrupt it
(``sqlite.OLDEST_SAFE``).
"""

import threading
from collections.abc import Callable
from pathlib import Path

import apsw

from palomar.storage.database import DatabaseError
from palomar.storage.sqlite import require_safe_sqlite

_LOOK_EVERY_SECONDS = 0.1


def copy_to(source: Path, target: Path, *, progress: Callable[[float], None]) -> int:
    """Copy the database at ``source`` to ``target``, which must not exist; return the octets of the copy.

    ``progress`` is called with the share that is done, from 0 to 1. Raises DatabaseError.
    """
    require_safe_sqlite()
    if target.exists():
        raise DatabaseError(f"{target} exists already")
    if not source.exists():
        raise DatabaseError(f"there is no database {source}")
    failures: list[apsw.Error] = []
    copying = threading.Thread(target=_copy, args=(source, target, failures), name="sqlite-copy")
    copying.start()
    whole = max(source.stat().st_size, 1)
    while copying.is_alive():
        copying.join(_LOOK_EVERY_SECONDS)
        progress(min(_size(target) / whole, 0.99))
    if failures:
        target.unlink(missing_ok=True)
        raise DatabaseError(f"the copy failed: {failures[0]}")
    progress(1.0)
    return _size(target)


def _copy(source: Path, target: Path, failures: list[apsw.Error]) -> None:
    try:
        connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()
    except apsw.Error as error:
        failures.append(error)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
