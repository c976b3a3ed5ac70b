"""Who takes part: the business, the person on the other side, and names that stand for nobody."""

from collections import Counter
from dataclasses import dataclass

from hirocrm.sync.sources.archive.text import clean_name, fold_name

# What exports put for a deleted or blocked account, folded.
PLACEHOLDER_NAMES = frozenset(
    fold_name(name)
    for name in (
        "Facebook user",
        "Instagram user",
        "Instagrammer",
        "Messenger user",
        "Deleted user",
        "Deleted account",
        "Unknown user",
        "Usuario de Facebook",
        "Usuario de Instagram",
        "Usuário do Facebook",
        "Usuário do Instagram",
        "Utilizador do Facebook",
        "Utilisateur de Facebook",
        "Utilisateur Facebook",
        "Utilisateur d’Instagram",
        "Utilisateur Instagram",
        "Facebook-Nutzer",
        "Facebook-Nutzer*in",
        "Instagram-Nutzer",
        "Instagram-Nutzer*in",
        "Utente di Facebook",
        "Utente Facebook",
        "Utente di Instagram",
        "Người dùng Facebook",
        "Người dùng Instagram",
        "Pengguna Facebook",
        "Pengguna Instagram",
        "مستخدم فيسبوك",
        "مستخدم Instagram",
    )
)
MIN_SHARE = 0.9  # of the threads with names, should a few lists be damaged


def real_name(value: object) -> str:
    """The name on one line; "" for what stands for a deleted account."""
    name = clean_name(value)
    return "" if fold_name(name) in PLACEHOLDER_NAMES else name


def participant_names(participants: object) -> list[str]:
    """The names of a `participants` list, "" for a deleted account, [] where there is no list."""
    if not isinstance(participants, list):
        return []
    return [real_name(one.get("name")) for one in participants[:1_000] if isinstance(one, dict)]


@dataclass(frozen=True, slots=True)
class NameCandidate:
    """A name, and in how many conversations it takes part."""

    name: str
    threads: int


class NameCounter:
    """Counts in how many threads each name takes part."""

    def __init__(self) -> None:
        self._threads: Counter[str] = Counter()
        self._pair_threads: Counter[str] = Counter()
        self._named = 0
        self._named_pairs = 0
        self._spelled: dict[str, str] = {}

    def add(self, names: list[str]) -> None:
        """Count one thread. A list of one says nothing about who the others are."""
        folded = {fold_name(name): name for name in names if name}
        if not folded:
            return
        self._named += 1
        self._threads.update(folded.keys())
        if len(names) <= 2:
            self._named_pairs += 1
            self._pair_threads.update(folded.keys())
        for key, name in folded.items():
            self._spelled.setdefault(key, name)

    def knows(self, name: str) -> bool:
        """Whether anyone goes by that name."""
        return fold_name(name) in self._threads

    def candidates(self, limit: int = 10) -> tuple[NameCandidate, ...]:
        """The names of most threads, first those of the most."""
        ranked = sorted(self._threads.items(), key=lambda item: (-item[1], item[0]))
        return tuple(NameCandidate(self._spelled[key], count) for key, count in ranked[:limit])

    def common_names(self) -> list[str]:
        """The names that take part in all threads, or else in nearly all of them.

        Groups that the business has left no longer name it, so conversations of two decide if
        there are any.
        """
        counts, total = (
            (self._pair_threads, self._named_pairs)
            if self._named_pairs
            else (self._threads, self._named)
        )
        common = [key for key, count in counts.items() if count == total]
        nearly = [key for key, count in counts.items() if count >= MIN_SHARE * total]
        return [self._spelled[key] for key in common or nearly]
