"""A service's refusal of a form, put back into that form."""

from django import forms

from hirocrm.core.errors import HiroError


def add_refusal(
    form: forms.BaseForm, error: HiroError, names: dict[str, str] | None = None
) -> None:
    """Show the refusal at the field that it is about, else over the whole form.

    Args:
        form: a bound form that has been validated.
        error: what the service said; `details["field"]` may name a field.
        names: the service's field names -> the form's, where they differ.
    """
    field = str(error.details.get("field") or "")
    field = (names or {}).get(field, field)
    form.add_error(field if field in form.fields else None, error.sentence)
