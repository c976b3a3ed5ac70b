"""`hirocrm bench`: how fast this machine syncs."""

from hirocrm.cli.bench.command import bench

__all__ = ["bench"]
