"""Storage: one interface to a database, its two drivers (SQLite and PostgreSQL), and the schema's migrations.

Begin with ``database``, which is the interface, and ``statements``. Not here: the statements for each table, which
stand in the capabilities' ``*_rows`` modules, and what shares a transaction (``transaction``).
"""
