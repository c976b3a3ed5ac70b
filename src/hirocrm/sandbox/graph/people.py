"""Names for people nobody wrote a story about."""

FIRST = (
    "Maricel", "Jun", "Liza", "Rodel", "Ana", "Carlo", "Grace", "Paolo", "Jenny", "Mark", "Rowena",
    "Dennis", "Camille", "Lourdes", "Miguel", "Sofía", "Valentina", "Diego", "Linh", "Minh", "Amira",
    "Yusuf", "Bea", "Kristine", "Ramon", "Tess",
)  # fmt: skip
LAST = (
    "Santos", "Reyes", "Cruz", "Bautista", "Ocampo", "Garcia", "Mendoza", "Torres", "Villanueva",
    "Dela Cruz", "Ramos", "Aquino", "Navarro", "Salazar", "Nguyen", "Haddad", "Fernández", "Lim",
    "Castillo", "Domingo", "Pascual",
)  # fmt: skip


def invented_name(number: int) -> str:
    """A name that is always the same for the same number."""
    return f"{FIRST[number % len(FIRST)]} {LAST[(number // len(FIRST) + number) % len(LAST)]}"


def invented_username(name: str, number: int) -> str:
    """An Instagram username for a name."""
    letters = "".join(c for c in name.lower().replace(" ", ".") if c.isascii())
    return f"{letters or 'user'}{number % 1000}"
