"""Sample requests that can be copied: the values that a dialect puts into one, and the result.

Each dialect writes its own sample (``dialects/<vendor>/sample.py``); the sandbox's page shows them and knows no vendor.
A credential that is unknown, such as a password of which only a hash is stored, is a placeholder in capitals.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

API_KEY: Final = "YOUR_API_KEY"
PASSWORD: Final = "YOUR_PASSWORD"  # noqa: S105  # a placeholder
TOKEN: Final = "YOUR_TOKEN"  # noqa: S105
PLACEHOLDERS: Final = (API_KEY, PASSWORD, TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleValues:
    """The values in a sample request. Unknown credentials are empty; ``url`` has no slash at its end."""

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
    """One request as a curl command and as a Python program that needs only the standard library."""

    curl: str
    python: str

    @property
    def missing(self) -> str:
        """Return the placeholder that the reader has to replace; empty if there is none."""
        return next((word for word in PLACEHOLDERS if word in self.curl), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """A dialect's sample request. ``name`` is the dialect's, ``title`` its vendor's."""

    name: str
    title: str
    make: Callable[[SampleValues], Sample]


def curl(url: str, *options: str) -> str:
    """Return a curl command with one option on each line. ``options`` are already quoted for a shell."""
    return " \\\n  ".join((f"curl {shlex.quote(url)}", *options))


def as_json(document: Mapping[str, object]) -> str:
    """Return JSON for people: readable, with non-ASCII characters as they are."""
    return json.dumps(document, ensure_ascii=False)


def python_post(url: str, headers: Mapping[str, str], document: Mapping[str, object]) -> str:
    """Return a Python program that posts JSON and prints the answer. A header's value is a Python expression."""
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
