"""The API application: every router, the way in, and how refusals look."""

from hirocrm.api import errors
from hirocrm.api.auth import BearerToken, BrowserSession
from hirocrm.api.openapi import HiroAPI
from hirocrm.api.parser import StrictParser
from hirocrm.api.routes import (
    analysis,
    contacts,
    contacts_in_bulk,
    imports,
    inbox,
    members,
    pages,
    pipelines,
    privacy,
    review,
    runs,
    tokens,
    webhooks,
)

DESCRIPTION = """
Everything HiroCRM does, as JSON.

**Who asks.** Send an API token (`Authorization: Bearer …`, made in the settings or with `hirocrm token`),
or use the browser's session with its CSRF token (`X-CSRFToken`). A token has scopes: `read`; `write`, which
contains it; `admin`, which contains both. A token never does more than its member's role allows.

**Lists** answer `{"items": […], "nextCursor": …}`. Ask for the next part with `?cursor=`; `limit` is 50 unless
you say otherwise, 200 at most. The last part has `nextCursor: null`.

**Times** are UTC, ISO 8601. **Ids** of another organization don't exist here: 404.

**Refusals** are `application/problem+json` (RFC 9457): `type`, `title`, `status`, a sentence in `detail`, and a
stable `code`.

**Rate limit.** 1,200 requests a minute for each token. `X-RateLimit-Limit`, `X-RateLimit-Remaining` and
`X-RateLimit-Reset` (seconds) are on every answer; past the limit the answer is 429 with `Retry-After`.
"""

api = HiroAPI(
    title="HiroCRM API",
    version="1.0.0",
    description=DESCRIPTION,
    docs_url="/docs",
    openapi_url="/openapi.json",
    urls_namespace="api",
    auth=[BearerToken(), BrowserSession()],
    parser=StrictParser(),
)
errors.install(api)

# The bulk routes first: /contacts/export.csv must not be taken for a contact's id.
for router in (
    pages.router,
    runs.router,
    contacts_in_bulk.router,
    contacts.router,
    pipelines.router,
    review.router,
    inbox.router,
    privacy.router,
    imports.router,
    analysis.router,
    tokens.router,
    members.router,
    webhooks.router,
):
    api.add_router("", router)
