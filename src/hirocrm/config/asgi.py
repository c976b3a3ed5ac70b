"""The ASGI application that Granian serves: the webhook intake, and Django behind it."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hirocrm.config.settings")  # noqa: TID251  # Django's own switch

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

# Both need the settings that the line above has read.
from django.conf import settings  # noqa: E402

from hirocrm.config.outage import send_out_of_space  # noqa: E402
from hirocrm.core.errors import is_full_disk  # noqa: E402
from hirocrm.meta.webhooks.intake import Intake, Receive, Scope, Send  # noqa: E402

intake = Intake(
    secrets=[settings.FACEBOOK_APP_SECRET, settings.INSTAGRAM_APP_SECRET],
    verify_token=settings.FACEBOOK_WEBHOOK_VERIFY_TOKEN,
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand the request to whom it is for."""
    handler: Any = intake if intake.is_for(scope) else django_application
    try:
        await handler(scope, receive, send)
    except OSError as exc:
        # Django answers what fails inside of it; this is from where it puts the body on the disk first.
        if not is_full_disk(exc):
            raise
        await send_out_of_space(send)
