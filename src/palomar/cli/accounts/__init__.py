"""Commands about accounts, their users, keys, tokens, prices, templates and blocks."""
