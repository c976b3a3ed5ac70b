"""The JSON API under /api: routes translate, schemas name, the domain decides."""
