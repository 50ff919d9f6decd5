"""The verbs of the house, as transactions: accept, dispatch, report, receive, notify and their kin.

A flow takes a list of commands and makes one transaction of them. It reaches the database through ``storage`` and the
world through ``ports``; it owns no task, no timer, no socket.
"""
