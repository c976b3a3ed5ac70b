"""HiroCRM: Messenger and Instagram conversations in, staged contacts out."""
