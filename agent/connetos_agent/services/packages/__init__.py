"""Debian packages on the switch: apt and dpkg, driven so that hundreds of switches can be changed without watching.

A *transaction* changes packages. It runs in a process of its own (`runner`), which outlives the client and the
agent; a directory (`transaction`) holds what was asked, what was there before, how far it is and what came of it.
What fails, or isn't healthy afterwards, is brought back to what was there before (`restore`).
"""
