"""What a person does who pastes a line that Palomar shows into a terminal."""

import shlex
import subprocess

from tests.support.needs import program
from tests.support.processes import palomar_command
from tests.support.server import Palomar


def run_line(line: str, palomar: Palomar) -> str:
    """Run it; what it prints."""
    command = shlex.split(line.replace("\\\n", " "))
    command = palomar_command(*command[1:]) if command[0] == "./run" else [program("curl"), "--silent", *command[1:]]
    done = subprocess.run(
        command, cwd=palomar.directory, env=palomar.environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
