"""The database: a small seam, two drivers, and the rows of every table beside their SQL.

Knows rows and statements, no flow: what a row means and when it is written is decided in ``flows``.
"""
