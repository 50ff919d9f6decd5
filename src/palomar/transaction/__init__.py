"""The transaction: everything that arrives while one commits becomes the next, with one work for all of it.

``batcher`` runs the batches, ``steps`` are their verbs, ``work`` is what the steps of a batch share. Capabilities join
the work with what they write; this package knows none of them.
"""
