"""One file for each resource. A route translates, asks the domain once, and answers."""
