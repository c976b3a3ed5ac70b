"""The API application."""

from ninja import NinjaAPI

api = NinjaAPI(
    title="HiroCRM API",
    version="1.0.0",
    docs_url="/docs",
    openapi_url="/openapi.json",
    urls_namespace="api",
)
