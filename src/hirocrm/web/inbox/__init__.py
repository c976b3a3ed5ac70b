"""The inbox: conversations by Page, state and window, and answering them."""
