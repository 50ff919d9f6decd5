"""The machine that the figures were measured on, and how much of it other processes used meanwhile.

Not here: the processes of the run.
"""

import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")
SYNCS = 50
PAGE = 4096


def machine() -> dict[str, Any]:
    """Return processor, cores, Python, kernel, load, and how long a small synced write takes where the data will be."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
        "sync_ms": _sync_ms(),
    }


def busy_seconds() -> float:
    """Return the CPU seconds that all cores have worked since the machine started, those stolen by its host
    included."""
    user, nice, system, _idle, _waiting, *interrupts_and_steal = (
        int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + sum(interrupts_and_steal)) / TICKS


def _sync_ms() -> float:
    """Measure the median time of fdatasync after a page is appended."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(SYNCS):
            os.write(file.fileno(), bytes(PAGE))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return round(statistics.median(took) * 1000, 2)
