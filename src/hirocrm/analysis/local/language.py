"""The language a customer writes in, as a BCP 47 tag, and which lines have Filipino in them."""

import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from hirocrm.analysis.local.turns import Turn

UNKNOWN = "und"
FILIPINO = "fil"

# Function words and chat particles that neither English nor Spanish uses.
_FILIPINO = re.compile(
    r"(?<!\w)(?:po|opo|ang|ng|mga|yung|ung|yong|lang|naman|ba|na|pa|ako|ikaw|kayo|kami|tayo|siya|sya|niya|nya|nila|ko|"
    r"mo|nyo|niyo|namin|natin|hindi|di|wala|walang|meron|mayroon|may|kung|kasi|kc|pero|para|sa|si|ni|kay|dito|dyan|"
    r"doon|ito|eto|yan|iyan|magkano|mgkano|hm|pwede|pwde|puwede|sana|salamat|sige|cge|ganda|maganda|gusto|paano|pano|"
    r"saan|san|kailan|kelan|ano|anong|bakit|talaga|sobra|super|mahal|mura|ate|kuya|sis|mamsh|bukas|ngayon|mamaya|"
    r"kahapon|dumating|bili|bayad|wag|huwag|ayaw|ayoko|oo|nga|din|rin|daw|raw|kaya|lahat|isa|dalawa|tatlo|maam|"
    r"pabili|paorder|nag\w+|mag\w{2,}|naka\w+|maka\w+|ipa\w+|kuha|kunin)(?!\w)"
)
_SHARED = frozenset(
    {
        "na",
        "para",
        "may",
        "super",
        "ate",
        "di",
        "si",
        "kay",
        "mo",
        "sa",
        "san",
        "pa",
        "nag",
        "ba",
        "ito",
        "ni",
    }
)
_SPANISH = re.compile(
    r"(?<!\w)(?:hola|gracias|cu[aá]nto|cuesta|precio|quiero|quisiera|tienen?|est[aá]|estoy|para|por|favor|buen[oa]s|"
    r"d[ií]as|tardes|noches|env[ií]os?|disponibles?|talla|color|me|lo|la|los|las|el|un|una|con|pero|muy|s[ií]|no|que|"
    r"qu[eé]|c[oó]mo|cu[aá]ndo|d[oó]nde|hay|ma[nñ]ana|hoy|de|en|mi|su|es|al|y)(?!\w)"
)
_ENGLISH = re.compile(
    r"(?<!\w)(?:the|is|are|you|your|and|for|have|this|that|what|how|much|can|do|would|i|i'm|it|of|in|to|please|thanks|"
    r"thank|hi|hello|yes|still|available|price|with|not|my|will|on|was|when|where|want|need)(?!\w)"
)
_LETTERS = re.compile(r"[^\W\d_]")
_LANGUAGES = (
    "en", "tl", "es", "pt", "fr", "it", "de", "id", "ms", "vi", "th", "ar", "zh", "ja", "ko", "ru", "hi", "km", "my", "tr",
)  # fmt: skip
_READ_CHARS = 600


def language_of(turns: Sequence[Turn], fallback: str = UNKNOWN) -> str:
    """The customer's language; "fil" also for Taglish; `fallback` where nothing readable was written."""
    text = " ".join(turn.folded for turn in turns if turn.from_customer)[-_READ_CHARS:]
    return tag_of(text) if _LETTERS.search(text) else fallback


@lru_cache(maxsize=4096)
def tag_of(folded: str) -> str:
    """The language of a lower-case text."""
    if not _LETTERS.search(folded):
        return UNKNOWN
    filipino = _FILIPINO.findall(folded)
    certain = [word for word in filipino if word not in _SHARED]
    spanish, english = _SPANISH.findall(folded), _ENGLISH.findall(folded)
    if certain and len(filipino) * 2 >= len(spanish):
        return FILIPINO
    if len(filipino) >= 2 and len(filipino) > len(spanish):
        return FILIPINO
    if len(spanish) >= 2 and len(spanish) > len(english):
        return "es"
    if english and len(english) >= len(spanish):
        return "en"
    found = str(_identifier().classify(folded)[0])
    return FILIPINO if found == "tl" else found


def has_filipino(folded: str) -> bool:
    """Whether a line is Filipino or mixes it in."""
    return tag_of(folded) == FILIPINO


_lock = threading.Lock()


def _identifier() -> Any:
    with _lock:
        return _load_identifier()


@lru_cache(maxsize=1)
def _load_identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  # 30 MB: at first use

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(_LANGUAGES))
    return identifier
