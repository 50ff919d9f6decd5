"""Palomar: a self-hosted SMS platform.

One account, four vendors' dialects towards programs, SMPP towards carriers. ``docs/architecture.md`` is the map;
``app/server.py`` builds everything, ``cli.py`` starts it.
"""

__version__ = "0.1.0"
