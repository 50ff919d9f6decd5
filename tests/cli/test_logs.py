"""What libraries log stands in our log as one line, like everything else."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from palomar.cli.root import set_up_logs


@contextmanager
def logs(level: str) -> Iterator[None]:
    """Set up the logs, and afterwards leave everything as it was."""
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    try:
        set_up_logs(level)
        yield
    finally:
        root.handlers[:] = before
        structlog.reset_defaults()


def test_what_a_library_logs_is_one_line_with_its_traceback_inside(capfd: pytest.CaptureFixture[str]) -> None:
    with logs("info"):
        set_up_logs("info")
        try:
            raise ConnectionError("the server shuts down")
        except ConnectionError:
            logging.getLogger("asyncpg.pool").exception("no connection, %s", "trying again")
        logging.getLogger("asyncpg.pool").info("nobody needs this")
    (line,) = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert (line["event"], line["level"], line["library"]) == ("no connection, trying again", "error", "asyncpg.pool")
    assert "the server shuts down" in line["exception"]


def test_the_log_level_applies_to_libraries_too(capfd: pytest.CaptureFixture[str]) -> None:
    with logs("error"):
        logging.getLogger("asyncpg.pool").warning("a connection is slow")
    assert capfd.readouterr().err == ""
