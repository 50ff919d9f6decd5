"""The trial: the account that a first start makes to try with, and its end when the first real carrier comes.

Begin reading at ``first_start``. Not here: the notes in the database that say whether a trial has begun and ended
(``app.installation``).
"""
