"""Ways to the phones: each package implements ``ports.Carrier``, or what one of them connects to.

They are strangers to each other; ``app/server.py`` joins them. No flow and no database is known here.
"""
