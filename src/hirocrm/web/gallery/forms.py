"""A form with each kind of field, one of them wrong, for the gallery."""

from django import forms


class GalleryForm(forms.Form):
    """Every control."""

    name = forms.CharField(label="Business name", help_text="As your customers know it.")
    email = forms.EmailField(label="E-mail address")
    stage = forms.ChoiceField(label="Stage", choices=[("new", "New Lead"), ("won", "Closed Won")])
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    minimum = forms.IntegerField(
        label="Confidence threshold",
        widget=forms.NumberInput(attrs={"type": "range", "min": 0, "max": 100}),
        help_text="Below it, a person decides.",
    )
    schedule = forms.BooleanField(
        label="Sync every hour", required=False, help_text="New messages arrive by webhook anyway."
    )


def filled_form() -> GalleryForm:
    """The form as it comes back with a mistake in it."""
    form = GalleryForm(
        {"name": "Maria's Closet", "email": "maria@", "stage": "new", "minimum": "70"},
        auto_id="gallery_%s",
    )
    form.is_valid()
    return form
