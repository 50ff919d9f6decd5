"""HTTP requests that tell customers' servers what became of their messages, with retries and a history.

An event becomes a row of the table ``callbacks`` in the transaction that makes it (``outbox``). ``sender`` sends it
after the commit; ``attempts`` records how that went; ``claimer`` fetches what waits in the table. Begin with
``outbox``.
"""
