"""Carriers: each package implements ``ports.Carrier``, or is the far side that one of them connects to.

The packages do not import one another; ``app/carriers.py`` joins them. They import no capability and no database.
"""
