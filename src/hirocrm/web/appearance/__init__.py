"""How the pages look to one visitor: the theme switch."""
