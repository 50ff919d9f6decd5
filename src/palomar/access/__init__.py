"""Access: who is let in, by password, key, token or session, how often, and who is kept out.

Start at ``admission``, the one gate of all faces. What a wrong password costs: people wait (``sign_in_throttle``, how
long: ``lockout``); programs lose their turn (``hashing_queue``) and are blocked in the end (``abuse``; the figures are
in ``accounts.blocks``). Not here: the accounts themselves (``accounts``).
"""
