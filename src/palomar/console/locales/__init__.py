"""What each language says in the place of English, a dict a language."""
