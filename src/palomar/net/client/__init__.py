"""The HTTP client of callbacks: keep-alive connections, guarded addresses, and names that are resolved once."""
