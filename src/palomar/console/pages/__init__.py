"""One page a module, beside its template. A page asks ``visit.viewer`` and answers with ``visit.page``."""
