"""What an analyser says of a conversation: providers, keys, budget, prompts, learning."""
