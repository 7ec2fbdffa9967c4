"""Signed PDFs (PAdES): keys that only a passphrase opens, an authority that certifies them, signing, and looking into what
was signed. pyHanko takes most of a second to import, so `signing` and `reading` are imported where they are needed.

`keys` and `authority` need `cryptography` only.
"""
