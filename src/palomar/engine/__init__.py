"""The moving parts: what runs while the server runs.

The batcher makes transactions of what arrives, the dispatcher feeds carriers, the notifier feeds callbacks, leases keep
this node's claim on its work, clockwork does what is due. They decide nothing about messages: the verbs are in
``flows``.
"""
