"""The console: the web pages of the people who operate and use the platform. Like a dialect it decides nothing itself.

Begin reading at ``console.routes``, which maps paths to pages; a page is a ``.py`` beside its ``.html`` in
``console.pages``. Pages read and act through ``console.viewer.viewer`` only: it limits everything to the person's
scope. Styles, scripts and fonts are in ``static``.
"""
