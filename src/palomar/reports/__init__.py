"""Reports: search and look up messages, count them, explain one message, and find what needs a person. They only read,
apart from the index of words and the counts. Begin with ``messages`` and ``statistics``;
``story`` is what the "Why?" page shows, and ``waits`` what a message waits for."""
