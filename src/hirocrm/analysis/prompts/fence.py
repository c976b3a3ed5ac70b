"""How untrusted text is kept from looking like anything else in the prompt.

One message is one line and every line of the transcript starts with our own mark, so nothing a customer
writes can begin a line; look-alikes of the marks and of the fence inside a message are disarmed. Both need no
random token, so the prompt stays the same for the same input.
"""

import re

BEGIN = "===== BEGIN CONVERSATION ====="
END = "===== END CONVERSATION ====="
LINE_BREAK = "⏎"

FENCE_RUN = re.compile(r"[=═＝〓]{3,}")
BRACKETS = str.maketrans({"[": "(", "]": ")", "［": "(", "］": ")", "【": "(", "】": ")"})
BREAKS = re.compile(r"[ \t]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])[\s]*")
# Tag characters spell invisible ASCII; the rest turns text around or hides it. Joiners stay: emoji need them.
_CONTROL = r"\x00-\x08\x0a-\x1f\x7f-\x9f"  # Unicode's Cc, but for the tab
_HIDDEN = r"\U000E0000-\U000E007F\u202A-\u202E\u2066-\u2069\uFEFF\u00AD"
CONTROLS = re.compile(f"[{_CONTROL}]")
INVISIBLE = re.compile(f"[{_HIDDEN}]")
# Every letter that any of the above can touch: few messages hold one, and one look is quicker than five.
SUSPECT = re.compile(rf"[{_CONTROL}{_HIDDEN}\u2028\u2029=═＝〓\[\]［］【】]")


def disarm(text: str) -> str:
    """Return foreign text as one harmless line."""
    if not SUSPECT.search(text):
        return text.strip()
    text = BREAKS.sub(f" {LINE_BREAK} ", INVISIBLE.sub("", text).strip())
    return CONTROLS.sub("", FENCE_RUN.sub("==", text).translate(BRACKETS))


def cut(text: str, letters: int) -> str:
    """Return the text, or its beginning and end with a mark between, in about `letters` letters."""
    if len(text) <= letters:
        return text
    tail = letters // 4
    return f"{text[: letters - tail]} … {text[-tail:]}" if tail else text[:letters]
