"""Accounts: who sends and pays, with settings, keys, tokens, templates, black lists and blocks.

``store`` writes them; ``directory`` holds them all in memory. Not here: credit and prices (``billing``), and users of
the console (``access.users``).
"""
