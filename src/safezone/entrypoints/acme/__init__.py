"""The station's own certificate from an authority that speaks ACME: got, renewed and looked after by a process of its own.

That process (`child.py`) is the only one that speaks with the authority. Every other one reads what lies in the folder
`acme`, as it reads a certificate that somebody else has put there.
"""
