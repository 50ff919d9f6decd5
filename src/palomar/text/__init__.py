"""Text: alphabets, parts, national language tables, folding, and times and patterns as people write them. Pure.

Sources: 3GPP TS 23.038 and 23.040.
"""
