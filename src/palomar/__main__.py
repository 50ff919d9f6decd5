"""``python -m palomar``."""

from palomar.cli import main

main()
