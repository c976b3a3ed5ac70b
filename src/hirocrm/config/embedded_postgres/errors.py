"""What can go wrong with the database before the first query, each as one sentence for people."""

from hirocrm.core.errors import HiroError


class EmbeddedPostgresError(HiroError):
    """The embedded database can't be used as things are."""

    code = "embedded_postgres"


class EmbeddedUnsupported(EmbeddedPostgresError):
    """This system can't run it: Windows, or the wheel with the binaries is missing."""

    code = "embedded_postgres_unsupported"


class DataDirectoryBusy(EmbeddedPostgresError):
    """Another process holds the data directory. `details` may hold `pid`."""

    code = "data_directory_busy"


class DataDirectoryNotWritable(EmbeddedPostgresError):
    """The data directory can't be made or written, or belongs to another user."""

    code = "data_directory_not_writable"


class DiskFull(EmbeddedPostgresError):
    """Too little room to make or start the cluster."""

    code = "disk_full"


class ClusterVersionMismatch(EmbeddedPostgresError):
    """The cluster was made by another major version of PostgreSQL."""

    code = "cluster_version_mismatch"


class StartFailed(EmbeddedPostgresError):
    """PostgreSQL refused to start; the sentence carries its own last words."""

    code = "embedded_postgres_start_failed"


class DatabaseUnreachable(HiroError):
    """Nothing answers at DATABASE_URL, or it refuses the user."""

    code = "database_unreachable"


class DatabaseTooOld(HiroError):
    """The server at DATABASE_URL is older than the oldest supported version."""

    code = "database_too_old"
