"""The composition root: the configuration, the data directory, and the server that is built from them.

Begin reading at ``server``, which builds everything, starts it in order and stops it in reverse; ``config`` reads TOML
and environment. Only ``app`` and ``cli`` know the configuration.
"""
