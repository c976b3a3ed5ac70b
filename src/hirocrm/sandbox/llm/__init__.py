"""Stand-ins for the AI vendors: Gemini, OpenAI-compatible and Anthropic, over one rule-based model."""
