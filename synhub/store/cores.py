"""How many processors this server may use."""

import os


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spare_cores() -> int:
    """Return how many are left for children beside the server's own; one at least."""
    return max(1, cores() - 1)
