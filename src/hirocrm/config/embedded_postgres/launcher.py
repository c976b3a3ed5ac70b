"""Become the server's account, ask to die with the parent, then become the given program.

Run as a script (`python -I -S launcher.py UID GID PARENT SIGNAL FOLDER PROGRAM ARG…`), standard library only:
a fresh process is the only place where switching users is safe. UID -1 keeps the user; SIGNAL 0
asks for nothing. The parent-death signal comes after the switch, which would clear it (prctl(2)).
"""

import ctypes
import os
import signal
import struct
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECUREBITS = 1, 8, 28
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
# access(2) forgets a normal user's capabilities without this bit, and PostgreSQL looks for its own
# files with access(2), so it wouldn't find itself in a closed folder (capabilities(7), securebits).
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SETPCAP = 1, 2, 8
CAPABILITY_VERSION_3 = 0x20080522
EXIT_CANT_REACH = 77


def become(uid: int, gid: int, needed: list[str]) -> bool:
    """Switch users for good; False when the new user can't reach the `needed` paths."""
    linux = sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True)
    if linux:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)
    if all(os.access(path, os.X_OK) for path in needed):
        return not linux or drop_capabilities(libc)
    # A folder above is closed to others (/root is): keep the one right to walk through it.
    return linux and any(
        keep_capability(libc, bit) for bit in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)
    )


def drop_capabilities(libc: ctypes.CDLL) -> bool:
    """Give up what KEEPCAPS saved."""
    return set_capabilities(libc, 0)


def keep_capability(libc: ctypes.CDLL, bit: int) -> bool:
    """Hold exactly one capability, through exec too. Call it while KEEPCAPS still holds the others."""
    if set_capabilities(libc, 1 << bit | 1 << CAP_SETPCAP):
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    return set_capabilities(libc, 1 << bit) and not libc.prctl(
        PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, bit, 0, 0
    )


def set_capabilities(libc: ctypes.CDLL, mask: int) -> bool:
    """Set effective, permitted and inheritable to `mask` (the lower 32 capabilities)."""
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    return not libc.capset(header, struct.pack("6I", mask, mask, mask, 0, 0, 0))


def prepare(arguments: list[str]) -> int:
    """Do all that comes before the program; an exit code other than 0 says it can't be started."""
    uid, gid, parent, death_signal = (int(value) for value in arguments[:4])
    folder, program = arguments[4:6]
    os.umask(0o077)
    if uid >= 0 and not become(uid, gid, [folder, program]):
        return EXIT_CANT_REACH
    if death_signal and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            return 1
    os.chdir(folder)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    return 0


if __name__ == "__main__":
    if code := prepare(sys.argv[1:]):
        sys.exit(code)
    os.execv(sys.argv[6], sys.argv[6:])  # noqa: S606 - the whole point
