"""The public face of short links: a path of seven letters and digits is sent on to the URL behind it.

Not here: how links come into texts (``short_links.shorten``), and what a click leads to (``short_links.clicks``).
"""
