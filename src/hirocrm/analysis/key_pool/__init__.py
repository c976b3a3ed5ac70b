"""API keys and their quota, shared by every process: whose turn it is, and until when one rests.

window.py   arithmetic of a sliding minute and of Google's day; no database
keyring.py  which keys an organization may use, and their secrets
ledger.py   the quota in PostgreSQL: one short transaction hands out a slice, another takes reports
pool.py     the slices of one process, handed to waiting analyses in turn
keys.py     what people do with keys: list, add, group, disable, test, reset, delete
"""
