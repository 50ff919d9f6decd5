"""The pages, each a module beside its template. A page reads from ``context.viewer`` and ends with
``context.render``."""
