"""Who may do what. Services ask here first, so that API, pages and jobs agree.

right            viewer  agent  admin  owner   token scope
READ                x      x      x      x     read
WORK                       x      x      x     write    contacts: edit, move, note, tag, review, import
RUN                        x      x      x     write    start, cancel and retry runs, ask for analyses
ERASE                             x      x     write    delete contacts, undo runs
CONFIGURE                         x      x     admin    Pages, pipelines, keys, the organization
MANAGE_MEMBERS                    x      x     admin    members and everyone's tokens
MANAGE_OWNERS                            x     admin    make and unmake owners
"""

from collections.abc import Sequence
from enum import StrEnum

from hirocrm.organizations.errors import RoleTooWeak, ScopeMissing
from hirocrm.organizations.models import Member, Role


class Right(StrEnum):
    """Something a member may do; the value finishes the sentence "Your role can't …"."""

    READ = "see this"
    WORK = "change contacts"
    RUN = "start or stop runs"
    ERASE = "delete contacts or undo runs"
    CONFIGURE = "change Pages, pipelines, keys or settings"
    MANAGE_MEMBERS = "manage members and their tokens"
    MANAGE_OWNERS = "make or remove owners"


class Scope(StrEnum):
    """What an API token may be used for. Each scope contains the ones before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


_VIEWER = frozenset({Right.READ})
_AGENT = _VIEWER | {Right.WORK, Right.RUN}
_ADMIN = _AGENT | {Right.ERASE, Right.CONFIGURE, Right.MANAGE_MEMBERS}
ROLE_RIGHTS: dict[str, frozenset[Right]] = {
    Role.VIEWER: _VIEWER,
    Role.AGENT: _AGENT,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN | {Right.MANAGE_OWNERS},
}

_WRITE = _VIEWER | {Right.WORK, Right.RUN, Right.ERASE}
SCOPE_RIGHTS: dict[str, frozenset[Right]] = {
    Scope.READ: _VIEWER,
    Scope.WRITE: _WRITE,
    Scope.ADMIN: frozenset(Right),
}


def allows(member: Member, right: Right) -> bool:
    """Whether the member may; for showing or hiding a button."""
    return right in ROLE_RIGHTS[member.role] and _scoped(member.token_scopes, right)


def require(member: Member, right: Right) -> None:
    """Refuse unless the member, and the token in use, may.

    Raises:
        RoleTooWeak: the role doesn't allow it.
        ScopeMissing: the role does, the API token in use doesn't.
    """
    if right not in ROLE_RIGHTS[member.role]:
        raise RoleTooWeak(f"Your role ({member.role}) can't {right.value}.", role=member.role)
    if not _scoped(member.token_scopes, right):
        raise ScopeMissing(f"This API token can't {right.value}: it lacks the scope for it.")


def _scoped(scopes: Sequence[str] | None, right: Right) -> bool:
    """Whether one of a token's scopes holds the right; None: no token, no limit."""
    return scopes is None or any(right in SCOPE_RIGHTS.get(scope, ()) for scope in scopes)
