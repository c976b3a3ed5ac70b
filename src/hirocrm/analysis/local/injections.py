"""Messages that talk to the analyser instead of the business: they are left out of everything it weighs."""

import re
from collections.abc import Sequence

from hirocrm.analysis.local.turns import Turn

_ORDER = r"(?:set|mark|give|assign|classify|rate|put|move|make|change|raise|treat|flag|update)"
_TARGET = r"(?:lead ?score|score|confidence|stage|pipeline|closed won|won|qualified|priority|vip|lead ?status|intent|sentiment|\b100\b)"
_INJECTION = re.compile(
    rf"(?:ignore|disregard|forget|override|bypass|skip)\b.{{0,40}}\b(?:instruction|prompt|rule|guideline|previous|above|prior|system)"
    rf"|\b{_ORDER}\b.{{0,60}}\b(?:my|me|this|us|the|our|your|conversation|customer|contact|lead)\b.{{0,60}}{_TARGET}"
    r"|\blead ?score\b|\brecommended ?stage\b|\bleadstatus\b|\bconfidence\s*[:=]|\bsystem (?:prompt|message|override|instruction)|^\s*\W*(?:system|assistant|developer)\W*[:>\]]"
    r"|\byou are (?:now )?(?:an? )?(?:ai|llm|chatgpt|gemini|claude|language model|assistant|crm|analy[sz]er|classifier)\b|\bas an ai\b|\bjailbreak|\bprompt injection"
    r"|(?:balewalain|huwag pansinin|kalimutan).{0,40}(?:instruction|utos|tagubilin|prompt|rule)"
    r"|(?:ignora|olvida|omite).{0,40}(?:instruccion|indicacion|regla|prompt|anterior)"
    r"|\b(?:pon|marca|asigna|clasifica)\b.{0,60}(?:puntaje|puntuaci[oó]n|ganado|etapa|100)"
)


def is_injection(folded: str) -> bool:
    """Whether a lower-case text tries to instruct the machine that reads it."""
    return bool(_INJECTION.search(folded))


def without_injections(turns: Sequence[Turn]) -> tuple[tuple[Turn, ...], int]:
    """The turns that speak to the business, and how many were left out."""
    kept = tuple(turn for turn in turns if not (turn.from_customer and is_injection(turn.folded)))
    return kept, len(turns) - len(kept)
