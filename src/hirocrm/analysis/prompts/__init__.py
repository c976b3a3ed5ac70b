"""Versioned prompt texts and the code that fills them. No Django here."""

from hirocrm.analysis.prompts.builder import TOKEN_BUDGET, Prompt, build_prompt
from hirocrm.analysis.prompts.finish import Finished, finish
from hirocrm.analysis.prompts.hashing import input_hash
from hirocrm.analysis.prompts.texts import PROMPT_VERSION
from hirocrm.analysis.prompts.tokens import estimate_tokens

__all__ = [
    "PROMPT_VERSION",
    "TOKEN_BUDGET",
    "Finished",
    "Prompt",
    "build_prompt",
    "estimate_tokens",
    "finish",
    "input_hash",
]
