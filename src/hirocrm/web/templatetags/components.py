"""Components that wrap content, which `{% include %}` can't.

    {% component "card" title="Summary" %}
      {% slot "actions" %}<button>…</button>{% endslot %}
      <p>…</p>
    {% endcomponent %}

renders components/card.html with `title`, `slot` (the content) and `actions`, and nothing else of
the page's context. Components without content are included as they are, with `only`.

Small ones that a page holds hundreds of are parts: `{% part "score" score=card.score %}` renders
components/score.html once for each value and language, and remembers the markup. So is what hardly differs from
page to page: `{% part "layouts/dock" links=navigation … %}` renders layouts/dock.html.
"""

from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from hirocrm.web.drawing import draw

register = template.Library()


class PartNode(template.Node):
    """A component that is a pure function of a few plain values; nothing else may be passed to it."""

    def __init__(self, name: str, params: dict[str, FilterExpression]) -> None:
        self.name = name
        self.params = list(params.items())

    def render(self, context: Context) -> SafeString:
        """The component's markup, remembered unless templates are being worked on."""
        values = {name: _plain(value.resolve(context)) for name, value in self.params}
        return draw(self.name, **values)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Promise) else value


def _template(context: Context, name: str) -> template.Template:
    page = context.template
    if page is None:
        raise template.TemplateSyntaxError("A component is rendered inside a template.")
    return page.engine.get_template(name)


class SlotNode(template.Node):
    """A named part of a component's content."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        """The part's markup."""
        return self.nodelist.render(context)


class ComponentNode(template.Node):
    """A component with its parameters and content."""

    def __init__(self, name: str, params: dict[str, FilterExpression], nodelist: NodeList) -> None:
        self.template_name = f"components/{name}.html"
        self.params = params
        self.slots = [node for node in nodelist if isinstance(node, SlotNode)]
        self.content = NodeList(node for node in nodelist if not isinstance(node, SlotNode))

    def render(self, context: Context) -> SafeString:
        """The component's markup, with the content rendered in the page's context."""
        values: dict[str, Any] = {
            name: value.resolve(context) for name, value in self.params.items()
        }
        values |= {slot.name: slot.render(context) for slot in self.slots}
        values["slot"] = self.content.render(context)
        values["csrf_token"] = context.get("csrf_token")
        return _template(context, self.template_name).render(context.new(values))


def _quoted(token: Token, bits: list[str]) -> str:
    name = bits[0] if bits else ""
    if len(name) < 3 or name[0] not in "\"'" or name[-1] != name[0]:
        raise template.TemplateSyntaxError(f"{token.contents!r} needs a quoted name first.")
    return name[1:-1]


def _named(parser: Parser, token: Token) -> tuple[str, dict[str, FilterExpression]]:
    """The quoted name and the parameters behind it."""
    bits = token.split_contents()[1:]
    name = _quoted(token, bits)
    rest = bits[1:]
    params = token_kwargs(rest, parser)
    if rest:
        raise template.TemplateSyntaxError(f"{token.contents!r}: can't read {rest[0]!r}.")
    return name, params


@register.tag
def part(parser: Parser, token: Token) -> PartNode:
    """`{% part "name" key=value … %}`."""
    return PartNode(*_named(parser, token))


@register.tag
def component(parser: Parser, token: Token) -> ComponentNode:
    """`{% component "name" key=value … %}content{% endcomponent %}`."""
    name, params = _named(parser, token)
    nodelist = parser.parse(("endcomponent",))
    parser.delete_first_token()
    return ComponentNode(name, params, nodelist)


@register.tag
def slot(parser: Parser, token: Token) -> SlotNode:
    """`{% slot "name" %}content{% endslot %}`, directly inside a component."""
    name = _quoted(token, token.split_contents()[1:])
    nodelist = parser.parse(("endslot",))
    parser.delete_first_token()
    return SlotNode(name, nodelist)
