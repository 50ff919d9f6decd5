"""Access: who is let in, by password, key, token or session, how often, and who is kept out.

Start at ``admission``, the one gate of all faces. Not here: the accounts themselves (``accounts``).
"""
