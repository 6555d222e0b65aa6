"""Measurements of the whole program from outside: real processes, real sockets, clients in processes of their own."""
