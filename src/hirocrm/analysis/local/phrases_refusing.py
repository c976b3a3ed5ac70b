"""What acts and moments alike know of saying no."""

# After "ayaw": a person doesn't want to; a thing that "ayaw bumukas" won't start.
OF_A_PERSON = r"(?! (?:po |nang |nyang |niyang |na )*(?:bumukas|umandar|umilaw|umikot|tumunog|lumamig|gumana|kumonek\w*|ma-?(?:open|on|charge|bukas)|mag-? ?(?:on|open|charge|play|connect|work|start|read)))"
WENT_ELSEWHERE = r"(?:decided|chose|chosen|opted|going|gone|went) (?:to (?:go|book) )?with (?:another|someone else|somebody else|a different|a cheaper)"
