"""Vocabulary: the ids, states, events and values that three packages or more need. Pure, and below all others."""
