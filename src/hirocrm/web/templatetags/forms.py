"""Form controls: `{% control field %}` draws a bound field as ours, tied to its hint and error."""

from django import forms, template
from django.forms import BoundField
from django.forms.widgets import Input
from django.utils.safestring import SafeString

register = template.Library()

CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "checkbox"),
    (forms.RadioSelect, "radio"),
    (forms.Select, "select"),
    (forms.Textarea, "textarea"),
    (forms.FileInput, "file-input"),
    (forms.HiddenInput, ""),
    (Input, "input"),
)


def _class_of(widget: forms.Widget) -> str:
    if isinstance(widget, Input) and widget.input_type == "range":
        return "range"
    return next((name for kind, name in CLASSES if isinstance(widget, kind)), "")


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """The field's input with our class, `aria-invalid` and `aria-describedby`."""
    own = field.field.widget.attrs.get("class", "")
    attrs: dict[str, str | bool] = {"class": f"{_class_of(field.field.widget)} {own}".strip()}
    described = [f"{field.id_for_label}_hint"] if field.help_text else []
    if field.errors:
        attrs["aria-invalid"] = "true"
        described.append(f"{field.id_for_label}_error")
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)
