"""The console: what people see in a browser. A face like the dialects: it shows, and decides nothing.

``routes`` is its map; a page is a ``.py`` beside its ``.html`` in ``pages``. Pages ask ``console.viewer.viewer`` and
nothing else: whose rows somebody sees is settled there, never in a page or a template. What browsers load is in
``static``.
"""
