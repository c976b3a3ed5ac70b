"""Why deals are lost, as the board asks."""

from django.utils.translation import gettext_lazy as _

LOST_REASONS = (
    _("No answer"),
    _("Too expensive"),
    _("Bought elsewhere"),
    _("Out of stock"),
    _("Delivery or payment"),
    _("Not a customer"),
    _("Another reason"),
)
