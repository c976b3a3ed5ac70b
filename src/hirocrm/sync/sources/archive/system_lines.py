"""Lines that Meta's apps write into a conversation in a person's name.

Exports keep them as ordinary messages, in the language of the account. They aren't anybody's
words, so none may reach the analysis as such. A pattern must cover the whole message, and where it
begins with a name, it must be a name of this conversation: "Ana sent a photo." by Ana is a
system line, while a customer's "my sister sent a photo." stays.
"""

import re
from enum import Enum, auto


class LineKind(Enum):
    """What stands behind a system line."""

    NOTICE = auto()  # nothing anyone said: dropped
    PLACEHOLDER = auto()  # stands for an attachment: the text is dropped, the attachment stays
    UNSENT = auto()  # stands for a message that was taken back


# {who} is a participant's name or "You"/"you"; the languages are those seen most in our users' shops.
PLACEHOLDERS = (
    r"{who} sent (?:an attachment|a (?:photo|video|voice message|sticker|GIF|link|file|location|live location|reel|post|story))",
    r"{who} shared a (?:post|reel|story|link|video)",
    r"{who} sent \d+ photos",
    r"{who} (?:envió|ha enviado) un archivo adjunto",
    r"(?:Enviaste|Has enviado) un archivo adjunto",
    r"{who} enviou um anexo",
    r"Você enviou um anexo",
    r"{who} a envoyé une pièce jointe",
    r"Vous avez envoyé une pièce jointe",
    r"{who} hat einen Anhang gesendet",
    r"Du hast einen Anhang gesendet",
    r"{who} ha inviato un allegato",
    r"{who} mengirim(?:kan)? lampiran",
    r"{who} đã gửi (?:một )?(?:file|tệp|tập tin) đính kèm",
)
UNSENT = (
    r"{who} unsent a message",
    r"This message was (?:unsent|removed|deleted)",
    r"(?:Message|This message) (?:is )?no longer available",
)
NOTICES = (
    r"Liked a message",
    r"{who} liked a message",
    r"(?:{who} )?[Rr]eacted .{{1,16}} to (?:your|a|the|{who}'s) message",
    r"(?:{who} )?[Rr]eaccionó con .{{1,16}} a (?:tu|un|su) mensaje",
    r"(?:{who} )?[Rr]eagiu com .{{1,16}} à (?:sua|uma) mensagem",
    r"(?:{who} )?[Aa] réagi (?:avec|par) .{{1,16}} à (?:votre|ton|un) message",
    r"(?:{who} )?[Hh]at mit .{{1,16}} auf (?:deine|eine) Nachricht reagiert",
    r"Le gustó un mensaje",
    r"Curtiu uma mensagem",
    r"A aimé un message",
    r"Gefällt eine Nachricht",
    r"You(?:'re| are) now connected on Messenger",
    r"You can now (?:message and )?call each other.{{0,160}}",
    r"Say (?:hi|hello) to your new (?:Facebook friend|connection).{{0,80}}",
    r"{who} waved at (?:you|{who})",
    r"{who} (?:called you|called {who}|missed your call|missed your video (?:call|chat))",
    r"You missed an? (?:video |audio |voice )?(?:call|chat) (?:from|with) {who}",
    r"{who} missed an? (?:video |audio |voice )?(?:call|chat) (?:from|with) (?:you|{who})",
    r"{who} started an? (?:video|audio|voice) (?:chat|call)",
    r"{who} started (?:a call|sharing video)",
    r"(?:The )?(?:video|audio|voice) (?:chat|call) (?:has )?ended",
    r"{who} changed the (?:chat )?theme(?: to .{{1,80}})?",
    r"{who} (?:set|changed) the (?:quick reaction|emoji|chat theme) to .{{1,80}}",
    r"{who} (?:set|cleared) (?:your|his|her|their|{who}'s|the) (?:own )?nickname.{{0,160}}",
    r"{who} turned (?:on|off) (?:disappearing|vanish) .{{1,80}}",
    r"{who} (?:pinned|unpinned) a message",
    r"{who} opened this (?:conversation|chat) (?:through|from) an ad.{{0,160}}",
    r"{who} replied to (?:your|an|a) (?:ad|post)",
    r"Messages and calls are (?:now )?secured with end-to-end encryption.{{0,240}}",
)


NAME = "\0"  # stands for a participant's name; no cleaned text holds it
LONGEST_LINE = 600


def _compile(patterns: tuple[str, ...]) -> re.Pattern[str]:
    joined = "|".join(pattern.format(who=f"(?:{NAME}|You|you)") for pattern in patterns)
    return re.compile(rf"(?:{joined})[.!]?", re.DOTALL)


KINDS = (
    (LineKind.PLACEHOLDER, _compile(PLACEHOLDERS)),
    (LineKind.UNSENT, _compile(UNSENT)),
    (LineKind.NOTICE, _compile(NOTICES)),
)


class SystemLines:
    """Recognises the system lines of one conversation."""

    def __init__(self, names: set[str]) -> None:
        """`names`: everyone who takes part, under all the names they are known by here."""
        known = {word for name in names if name for word in (name, name.split()[0])}
        self._names = sorted(known, key=len, reverse=True)

    def kind_of(self, text: str) -> LineKind | None:
        """What the line is; None for somebody's own words."""
        if len(text) > LONGEST_LINE:
            return None
        template = text
        for name in self._names:
            template = template.replace(name, NAME)
        return next((kind for kind, pattern in KINDS if pattern.fullmatch(template)), None)
