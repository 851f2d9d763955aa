"""Every boundary of diag × every way in which its peer can misbehave, each cell with a process of its own.

`cells` generates them and says which make no sense, `running` runs one, `oracle` says what must come of it, `rendering`
prints them.
"""
