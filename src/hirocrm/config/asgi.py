"""The ASGI application that Granian serves."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hirocrm.config.settings")  # noqa: TID251  # Django's own switch

from django.core.asgi import get_asgi_application

application = get_asgi_application()
