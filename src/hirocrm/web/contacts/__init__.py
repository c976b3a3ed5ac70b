"""The list of contacts: sorted, filtered, searched, and many changed at once."""
