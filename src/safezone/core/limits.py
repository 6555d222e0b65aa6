"""How much a process that reads what strangers have sent may use: the kernel ends it beyond that, and nothing else."""

from __future__ import annotations

import resource


def limit_memory(most_bytes: int) -> None:
    """This process gets so much address space and no more: MemoryError, or its end, beyond that."""
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


def limit_cpu(most_s: int) -> None:
    """This process may compute for so many seconds: it is told to end then, and ended a second later."""
    resource.setrlimit(resource.RLIMIT_CPU, (most_s, most_s + 1))
