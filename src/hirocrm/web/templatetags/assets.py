"""The built browser files in templates: `{% asset_head %}`, `{% icon "users" %}`."""

from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from hirocrm.web import manifest

register = template.Library()


@register.simple_tag
def asset_head() -> SafeString:
    """The font's preload, the style sheet and the script, for <head>."""
    if not manifest.is_built():
        return SafeString("")
    tags = [
        ('<link rel="preload" href="{}" as="font" type="font/woff2" crossorigin>', manifest.FONT),
        ('<link rel="stylesheet" href="{}">', "css/app.css"),
        ('<script type="module" src="{}"></script>', "js/app.js"),
    ]
    lines = [(format_html(markup, manifest.url(source)),) for markup, source in tags]
    return format_html_join("\n", "{}", lines)


@register.simple_tag
def asset_url(source: str) -> str:
    """The address of a built file, such as "favicon.svg"."""
    return manifest.url(source)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of the sprite (frontend/icons), hidden from screen readers: its neighbour says it."""
    return _icon(manifest.url("icons.svg"), name, extra)


@lru_cache(maxsize=512)
def _icon(sprite: str, name: str, extra: str) -> SafeString:
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra,
        sprite,
        name,
    )
