"""A first request, ready to be copied: what a dialect's sample is made of and made into.

Each dialect writes its own (``dialects/<vendor>/sample.py``); who shows them knows no vendor. What nobody knows, such
as a password that is kept as a hash, stands in a sample as a word in capitals.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

API_KEY: Final = "YOUR_API_KEY"
PASSWORD: Final = "YOUR_PASSWORD"  # noqa: S105  # the word that stands for one
TOKEN: Final = "YOUR_TOKEN"  # noqa: S105
PLACEHOLDERS: Final = (API_KEY, PASSWORD, TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a sample is written with; credentials are empty where nobody knows them. ``url`` has no slash at its end."""

    url: str
    login: str
    password: str = ""
    api_key: str = ""
    token: str = ""
    number: str
    text: str
    status_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The same request for a shell and as a Python program that needs nothing else."""

    curl: str
    python: str

    @property
    def lacks(self) -> str:
        """The word in capitals that the reader has to replace; empty if there is none."""
        return next((word for word in PLACEHOLDERS if word in self.curl), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """A dialect that has a sample; ``title`` is how its vendor is written."""

    name: str
    title: str
    make: Callable[[Given], Sample]


def curl(url: str, *options: str) -> str:
    """A curl command, an option a line. Options come quoted."""
    return " \\\n  ".join((f"curl {shlex.quote(url)}", *options))


def as_json(document: Mapping[str, object]) -> str:
    """JSON that people read."""
    return json.dumps(document, ensure_ascii=False)


def python_post(url: str, headers: Mapping[str, str], document: Mapping[str, object]) -> str:
    """A program that posts JSON and prints what comes back. A header's value is a Python expression."""
    lines = ",\n    ".join(f'"{name}": {value}' for name, value in headers.items())
    return f"""\
import json
import urllib.request

body = {_as_python(document)}
headers = {{
    {lines},
    "Content-Type": "application/json",
}}
request = urllib.request.Request({url!r}, json.dumps(body).encode(), headers)
print(urllib.request.urlopen(request).read().decode())
"""


def _as_python(document: Mapping[str, object]) -> str:
    inner = ",\n    ".join(f'"{name}": {value!r}' for name, value in document.items())
    return f"{{\n    {inner},\n}}"
