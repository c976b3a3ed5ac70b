"""Opens a download and finds its conversations, their participants and the business's name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hirocrm.core.platforms import Platform
from hirocrm.sync.sources.archive.container import (
    DEFAULT_LIMITS,
    BoundedReader,
    Container,
    Entry,
    Limits,
    Place,
    UnreadableEntry,
)
from hirocrm.sync.sources.archive.errors import (
    ArchiveIsHtml,
    ArchiveMissing,
    MixedPlatforms,
    NoMessages,
    shown,
)
from hirocrm.sync.sources.archive.folder_container import FolderContainer
from hirocrm.sync.sources.archive.layout import (
    FACEBOOK_FOLDER,
    INSTAGRAM_FOLDER,
    Layout,
    LayoutReader,
    Part,
    Thread,
    group_threads,
)
from hirocrm.sync.sources.archive.part import PartText, UnreadablePart
from hirocrm.sync.sources.archive.zip_container import ZipContainer

OTHER_FOLDER = {Platform.MESSENGER: INSTAGRAM_FOLDER, Platform.INSTAGRAM: FACEBOOK_FOLDER}


@dataclass(frozen=True, slots=True)
class Archive:
    """An open download."""

    reader: BoundedReader
    threads: list[Thread]
    profiles: list[Entry]
    platform: Platform
    warnings: tuple[str, ...]

    def read_part(self, entry: Entry) -> PartText:
        """One part of a thread.

        Raises:
            UnreadablePart: damaged, or not a thread.
            ArchiveTooLarge: the archive is past its limits.
        """
        try:
            return PartText(self.reader.read(entry))
        except UnreadableEntry as fault:
            raise UnreadablePart(str(fault)) from fault


@contextmanager
def open_archive(
    place: Place, platform: Platform | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Archive]:
    """Open a ZIP or a folder, check it, and list its threads.

    Raises:
        ArchiveError: it isn't a JSON download with messages, or not safe to read.
    """
    container = open_container(place, limits)
    try:
        layout = read_layout(container, place.name)
        chosen = choose_platform(layout, platform)
        threads = group_threads(folders_of(layout, chosen))
        check_parts(container, threads)
        yield Archive(
            reader=BoundedReader(container),
            threads=threads,
            profiles=layout.profiles,
            platform=chosen,
            warnings=list_warnings(layout, platform),
        )
    finally:
        container.close()


def open_container(place: Place, limits: Limits) -> Container:
    """The ZIP or folder at `place`."""
    try:
        if not isinstance(place, Path):
            return ZipContainer(place.open(), limits)
        if place.is_dir():
            return FolderContainer(place, limits)
        if not place.is_file():
            raise ArchiveMissing(f"There is no file or folder “{shown(place.name)}”.")
        return ZipContainer(place.open("rb"), limits)
    except (OSError, ValueError) as fault:
        raise ArchiveMissing(f"“{shown(place.name)}” can't be read.") from fault


def read_layout(container: Container, name: str) -> Layout:
    """What the download holds.

    Raises:
        ArchiveIsHtml: its conversations are web pages.
        NoMessages: it has none.
    """
    reader = LayoutReader(name)
    for entry in container.entries():
        reader.add(entry)
    layout = reader.finish()
    if layout.folders:
        return layout
    if layout.html_parts:
        raise ArchiveIsHtml(
            "This download is in HTML form. Choose JSON when you request the download."
        )
    if layout.nested_archives:
        raise NoMessages(
            "There are no messages in this archive, only other archives: import those one by one."
        )
    raise NoMessages(
        "There are no messages in this archive. Tick “Messages” when you request the download."
    )


def choose_platform(layout: Layout, told: Platform | None) -> Platform:
    """The platform told, or else the one its folders show; Messenger where nothing shows.

    Raises:
        MixedPlatforms: the folders show both and none was told.
    """
    if told:
        return told
    if len(layout.platforms) > 1:
        raise MixedPlatforms(
            "This holds a Facebook and an Instagram download: import them one after the other, and say which.",
            platforms=sorted(platform.value for platform in layout.platforms),
        )
    return next(iter(layout.platforms), Platform.MESSENGER)


def folders_of(layout: Layout, platform: Platform) -> dict[str, list[Part]]:
    """The thread folders; of a mixture, those that aren't the other platform's."""
    if len(layout.platforms) < 2:
        return layout.folders
    other = OTHER_FOLDER[platform]
    return {
        folder: parts for folder, parts in layout.folders.items() if not other.search(f"{folder}/")
    }


def check_parts(container: Container, threads: list[Thread]) -> None:
    """Refuse an archive with a part that is too large or strangely packed."""
    for thread in threads:
        for part in thread.parts():
            container.check_part(part.entry)


def list_warnings(layout: Layout, told: Platform | None) -> tuple[str, ...]:
    """What a person should know before importing."""
    warnings = []
    if layout.nested_archives:
        warnings.append(
            f"{layout.nested_archives} archives inside of this one aren't opened."
            if layout.nested_archives > 1
            else "An archive inside of this one isn't opened."
        )
    if layout.html_parts:
        warnings.append(f"{layout.html_parts} conversations in HTML form aren't read.")
    if not layout.platforms and not told:
        warnings.append("Nothing shows whether this is Facebook or Instagram: taken for Messenger.")
    return tuple(warnings)
