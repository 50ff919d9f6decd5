"""The composition root: configuration, data directory, and the server that is built from them.

``server`` builds the house, starts it in order and stops it in reverse; ``config`` reads TOML and environment. Only
``app`` and ``cli`` know the configuration.
"""
