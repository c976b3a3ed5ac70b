"""The operating system's user that runs the server: PostgreSQL refuses to run as root."""

import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hirocrm.config.embedded_postgres.errors import (
    DataDirectoryNotWritable,
    EmbeddedUnsupported,
)

ACCOUNT_NAME = "hirocrm-db"  # made on the first start by root
_FALLBACK_NAME = "nobody"
_USERADD_ATTEMPTS = 20  # another start may hold the password file's lock for a moment


@dataclass(frozen=True)
class ServerAccount:
    """Who runs the server. `switch` is set when that isn't the calling user."""

    uid: int
    gid: int
    switch: bool


def choose_account(cluster: Path) -> ServerAccount:
    """The caller, or for root an account of the server's own (that of an existing cluster first).

    Raises:
        DataDirectoryNotWritable: the cluster belongs to another user.
        EmbeddedUnsupported: root on a system without any unprivileged account.
    """
    caller = os.geteuid()
    owner = cluster.stat().st_uid if cluster.exists() else caller
    if caller != 0:
        if owner != caller:
            raise DataDirectoryNotWritable(
                f"{cluster} belongs to another user (uid {owner}); run HiroCRM as that user, "
                "or set HIROCRM_DATA_DIR to a folder of yours."
            )
        return ServerAccount(uid=caller, gid=os.getegid(), switch=False)
    if owner != 0:
        return ServerAccount(uid=owner, gid=cluster.stat().st_gid, switch=True)
    return _unprivileged_account()


def own_tree(folder: Path, account: ServerAccount) -> None:
    """Give a folder that root brought (a restored backup) to the account, with all in it."""
    if not account.switch or folder.stat().st_uid == account.uid:
        return
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(root, name), account.uid, account.gid, follow_symlinks=False)
    os.chown(folder, account.uid, account.gid)


def _unprivileged_account() -> ServerAccount:
    import pwd

    for _ in range(_USERADD_ATTEMPTS):
        with suppress(KeyError):
            entry = pwd.getpwnam(ACCOUNT_NAME)
            return ServerAccount(uid=entry.pw_uid, gid=entry.pw_gid, switch=True)
        if not _add_account():
            break
    try:
        entry = pwd.getpwnam(_FALLBACK_NAME)
    except KeyError:
        raise EmbeddedUnsupported(
            "PostgreSQL doesn't run as root and there is no other account here; "
            "run HiroCRM as a normal user, or set DATABASE_URL."
        ) from None
    return ServerAccount(uid=entry.pw_uid, gid=entry.pw_gid, switch=True)


def _add_account() -> bool:
    """Whether it makes sense to look for the account again."""
    options = ["--system", "--no-create-home", "--home-dir", "/nonexistent"]
    command = ["useradd", *options, "--shell", "/usr/sbin/nologin", ACCOUNT_NAME]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    if done.returncode == 1:  # "can't update password file": someone else is at it
        time.sleep(0.1)
    return done.returncode in {0, 1, 9}  # 9: the name is taken, so it is there now
