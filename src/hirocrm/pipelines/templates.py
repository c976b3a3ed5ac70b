"""Pipelines to start from. The descriptions are what the AI goes by, so each says what is seen in the messages."""

from collections.abc import Mapping
from dataclasses import dataclass

from hirocrm.core.vocabulary import StageType

GREY, BLUE, CYAN, INDIGO, AMBER, GREEN, RED = (
    "#64748b",
    "#3b82f6",
    "#06b6d4",
    "#6366f1",
    "#f59e0b",
    "#16a34a",
    "#dc2626",
)


@dataclass(frozen=True, slots=True)
class StageTemplate:
    """A stage as a template describes it."""

    name: str
    type: StageType
    color: str
    description: str


@dataclass(frozen=True, slots=True)
class PipelineTemplate:
    """A pipeline that a click makes."""

    key: str
    name: str
    description: str
    stages: tuple[StageTemplate, ...]


SALES = PipelineTemplate(
    key="sales",
    name="Sales Pipeline",
    description="From the first question to the sale.",
    stages=(
        StageTemplate(
            "New Lead",
            StageType.LEAD,
            GREY,
            "The customer has just written: a greeting, a first question such as a price or whether something"
            " is available, a reply to an ad or a story. The business hasn't answered in substance yet.",
        ),
        StageTemplate(
            "Contacted",
            StageType.IN_PROGRESS,
            BLUE,
            "The business has answered and the two are talking, but the customer hasn't said what they need,"
            " how many, for when or within which budget. Also when the customer went quiet after the answer.",
        ),
        StageTemplate(
            "Qualified",
            StageType.IN_PROGRESS,
            CYAN,
            "The customer has shown a real need: names a product, size, quantity, date, place or budget, or asks"
            " how to order, pay or get it delivered. No concrete offer with a total has been made yet.",
        ),
        StageTemplate(
            "Proposal Sent",
            StageType.IN_PROGRESS,
            INDIGO,
            "The business has made a concrete offer: a price or total for what was asked, a quotation, an invoice,"
            " an order summary or payment details. The customer hasn't agreed to it yet.",
        ),
        StageTemplate(
            "Negotiating",
            StageType.IN_PROGRESS,
            AMBER,
            "After an offer the customer bargains or weighs: asks for a discount, instalments, free delivery,"
            " other terms, compares with another shop, or promises to decide or pay later.",
        ),
        StageTemplate(
            "Closed Won",
            StageType.WON,
            GREEN,
            "The sale is made: the customer confirmed the order, paid or sent proof of payment, gave the delivery"
            " details for a confirmed order, or has received the goods or service.",
        ),
        StageTemplate(
            "Closed Lost",
            StageType.LOST,
            RED,
            "There will be no sale: the customer declined, bought elsewhere, cancelled, asked not to be written to,"
            " the item can't be had and no other will do, or the message is spam or meant for someone else.",
        ),
    ),
)

SUPPORT = PipelineTemplate(
    key="support",
    name="Support Pipeline",
    description="From a customer's problem to its solution.",
    stages=(
        StageTemplate(
            "New Request",
            StageType.LEAD,
            GREY,
            "The customer reports a problem or asks for help, and the business hasn't answered in substance yet.",
        ),
        StageTemplate(
            "In Progress",
            StageType.IN_PROGRESS,
            BLUE,
            "The business is looking into it: it asked questions, is checking, or promised to come back.",
        ),
        StageTemplate(
            "Waiting for Customer",
            StageType.IN_PROGRESS,
            AMBER,
            "The business needs something from the customer, such as an order number, a photo or a choice,"
            " and the customer hasn't sent it.",
        ),
        StageTemplate(
            "Escalated",
            StageType.IN_PROGRESS,
            INDIGO,
            "The customer is angry, asks for a manager or a refund, threatens a bad review or a complaint,"
            " or the business passed the case on to someone else.",
        ),
        StageTemplate(
            "Resolved",
            StageType.WON,
            GREEN,
            "The problem is solved: the customer says so or thanks, or the business delivered what was promised"
            " (refund, replacement, answer) and nothing is open.",
        ),
        StageTemplate(
            "Closed Unresolved",
            StageType.LOST,
            RED,
            "The case ended without a solution: the customer gave up or left, the business declined, or the message"
            " is spam.",
        ),
    ),
)

BOOKINGS = PipelineTemplate(
    key="bookings",
    name="Bookings Pipeline",
    description="Appointments, tables, rooms and events.",
    stages=(
        StageTemplate(
            "Inquiry",
            StageType.LEAD,
            GREY,
            "The customer asks about services, prices, opening hours or free dates, without asking for a certain"
            " date and time.",
        ),
        StageTemplate(
            "Date Requested",
            StageType.IN_PROGRESS,
            CYAN,
            "The customer asks for a certain date or time, or names the service and number of people. It isn't"
            " confirmed yet.",
        ),
        StageTemplate(
            "Deposit Pending",
            StageType.IN_PROGRESS,
            AMBER,
            "The business offered the slot and waits for a deposit, details or a last yes.",
        ),
        StageTemplate(
            "Confirmed",
            StageType.IN_PROGRESS,
            INDIGO,
            "Both sides agreed on date and time, or the deposit was paid. The visit is still to come; also when it"
            " was moved to another agreed date.",
        ),
        StageTemplate(
            "Completed",
            StageType.WON,
            GREEN,
            "The visit or event took place: the customer thanks, reviews, pays the rest or asks about next time.",
        ),
        StageTemplate(
            "Cancelled or No-show",
            StageType.LOST,
            RED,
            "The customer cancelled without a new date, didn't come, chose another place, or the wish can't be met.",
        ),
    ),
)

REAL_ESTATE = PipelineTemplate(
    key="real_estate",
    name="Real Estate Pipeline",
    description="Sales and rentals of houses, flats and lots.",
    stages=(
        StageTemplate(
            "New Inquiry",
            StageType.LEAD,
            GREY,
            "The customer asks about a listing (price, place, is it still available) or about what there is.",
        ),
        StageTemplate(
            "Needs Known",
            StageType.IN_PROGRESS,
            BLUE,
            "The customer has said what they look for: area, size, budget, when, cash or loan, to buy or to rent.",
        ),
        StageTemplate(
            "Viewing Scheduled",
            StageType.IN_PROGRESS,
            CYAN,
            "A viewing or tour is agreed on, or took place and the customer hasn't made an offer.",
        ),
        StageTemplate(
            "Offer or Reservation",
            StageType.IN_PROGRESS,
            INDIGO,
            "The customer made an offer, asks for a sample computation to go ahead, or wants to reserve; price and"
            " terms are being discussed.",
        ),
        StageTemplate(
            "Paperwork",
            StageType.IN_PROGRESS,
            AMBER,
            "Price is agreed: reservation fee paid, documents, loan approval or contract are under way.",
        ),
        StageTemplate(
            "Closed",
            StageType.WON,
            GREEN,
            "The contract is signed, the keys were handed over, or the customer moved in.",
        ),
        StageTemplate(
            "Lost",
            StageType.LOST,
            RED,
            "The customer isn't interested any more, found another place, can't afford it, or is an agent or spam.",
        ),
    ),
)

TEMPLATES: Mapping[str, PipelineTemplate] = {
    template.key: template for template in (SALES, SUPPORT, BOOKINGS, REAL_ESTATE)
}
