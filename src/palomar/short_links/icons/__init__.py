"""Icons that browsers and phones ask for at fixed addresses; ``tools/make-icons`` draws them from the mark."""

from collections.abc import Mapping
from importlib import resources
from typing import Final

_NAMES: Final = {
    "/favicon.ico": ("favicon.ico", b"image/x-icon"),
    "/apple-touch-icon.png": ("apple-touch-icon.png", b"image/png"),
    "/apple-touch-icon-precomposed.png": ("apple-touch-icon.png", b"image/png"),
}


def read_icons() -> Mapping[str, tuple[bytes, bytes]]:
    """Read the icons: by path their type and octets."""
    folder = resources.files(__name__)
    return {path: (kind, (folder / name).read_bytes()) for path, (name, kind) in _NAMES.items()}
