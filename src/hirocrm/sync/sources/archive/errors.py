"""Why an archive can't be taken. All are `Invalid`: the person can only bring another archive.

ArchiveError
├── ArchiveMissing, NotAnArchive, ArchiveCorrupt, ArchiveEncrypted, UnsupportedCompression
├── ArchiveIsHtml, NoMessages, MixedPlatforms         a sound ZIP, but not what we need
├── OwnNameAmbiguous, OwnNameUnknown                  say which name is the business
└── UnsafeName, NameTooLong, SymbolicLink, DuplicateEntry, TooManyEntries, ArchiveTooLarge
                                                      made to do harm, or damaged
"""

from hirocrm.core.errors import Invalid

NAME_SHOWN_CHARS = 120  # of a hostile name, inside a sentence


def shown(name: str) -> str:
    """`name` safe inside a sentence: printable, and not longer than a line or two."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in name)
    if len(printable) <= NAME_SHOWN_CHARS:
        return printable
    return f"{printable[:NAME_SHOWN_CHARS]}…"


class ArchiveError(Invalid):
    """The export archive can't be imported."""

    code = "archive_invalid"


class ArchiveMissing(ArchiveError):
    """There is no file or folder at that path, or it may not be read."""

    code = "archive_missing"


class NotAnArchive(ArchiveError):
    """The file is no ZIP."""

    code = "archive_not_a_zip"


class ArchiveCorrupt(ArchiveError):
    """A ZIP that is cut off or damaged."""

    code = "archive_corrupt"


class ArchiveEncrypted(ArchiveError):
    """A ZIP under a password."""

    code = "archive_encrypted"


class UnsupportedCompression(ArchiveError):
    """Packed with something other than the deflate that Meta uses."""

    code = "archive_unsupported_compression"


class ArchiveIsHtml(ArchiveError):
    """The download was asked for as web pages instead of JSON."""

    code = "archive_is_html"


class NoMessages(ArchiveError):
    """Nothing in it is a conversation."""

    code = "archive_without_messages"


class MixedPlatforms(ArchiveError):
    """One folder holds a Facebook and an Instagram download. `details["platforms"]`: those to choose from."""

    code = "archive_mixed_platforms"


class OwnNameAmbiguous(ArchiveError):
    """The business's own name can't be told. `details["candidates"]`: [{"name", "threads"}]."""

    code = "archive_own_name_ambiguous"


class OwnNameUnknown(ArchiveError):
    """The given name takes part in no conversation. `details["candidates"]` as above."""

    code = "archive_own_name_unknown"


class UnsafeName(ArchiveError):
    """An entry's name points outside of the archive."""

    code = "archive_unsafe_name"


class NameTooLong(ArchiveError):
    """An entry's name is longer than any real one."""

    code = "archive_name_too_long"


class SymbolicLink(ArchiveError):
    """An entry is a link or a device instead of a file."""

    code = "archive_symbolic_link"


class DuplicateEntry(ArchiveError):
    """Two entries have the same name, so which one counts can't be told."""

    code = "archive_duplicate_entry"


class TooManyEntries(ArchiveError):
    """More entries than any real download has."""

    code = "archive_too_many_entries"


class ArchiveTooLarge(ArchiveError):
    """Unpacks to more than is reasonable: the mark of a ZIP bomb."""

    code = "archive_too_large"
