"""What benchmarks share with `hirocrm bench`."""

from hirocrm.cli.bench.install import (
    Install,
    command_line,
    cpu_seconds,
    descendants,
    free_port,
    peak_megabytes,
)

__all__ = [
    "Install",
    "command_line",
    "cpu_seconds",
    "descendants",
    "free_port",
    "peak_megabytes",
]
