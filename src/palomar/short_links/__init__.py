"""Short links: the codes in texts that lead to customers' URLs, the redirect that follows them, and the clicks.

A path of seven letters and digits is redirected to the URL behind it. Begin with ``shorten`` (how links come into
texts), ``redirect`` and ``clicks`` (what a click leads to).
"""
