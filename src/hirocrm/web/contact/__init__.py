"""One contact: the page, the drawer, and all that is done with it."""
