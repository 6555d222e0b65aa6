"""Safe Zone (เซฟโซน): one program with which a police station and its partners run a Smart Safety Zone."""

__version__ = "0.1.0"
