"""The kinds of stage that the shipped rows know: nine of selling, five of helping."""

from dataclasses import dataclass
from enum import StrEnum

from hirocrm.analysis.local.situation import Archetype
from hirocrm.analysis.schema import LeadStatus, StageType

T = StageType


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of stage: how people describe it, what they call it, and what it means for a lead."""

    name: str
    description: str
    keywords: str
    types: tuple[StageType, ...]
    status: LeadStatus
    score: int


class Family(StrEnum):
    """A set of kinds with its own head."""

    SALES = "sales"
    SUPPORT = "support"


SALES: tuple[Kind, ...] = (
    Kind(
        Archetype.NEW_LEAD,
        "New lead or inquiry: the customer has just written for the first time. The business has not replied yet.",
        r"new|inquir\w*|enquir\w*|incoming|fresh|leads?|bago\w*|nagtanong|nuevo\w*|consulta\w*|prospecto\w*|unread|first message",
        (T.LEAD,),
        LeadStatus.NEW,
        35,
    ),
    Kind(
        Archetype.CONTACTED,
        "First contact made: the business has greeted or replied once; what the customer needs has not been worked out yet.",
        r"contacted|in contact|reached|repl(?:y|ied)|responded|engaged|greeted|nakausap|nasagot\w*|contactad\w*|en contacto|conversation|talking|touch",
        (T.IN_PROGRESS, T.LEAD),
        LeadStatus.CONTACTED,
        40,
    ),
    Kind(
        Archetype.QUALIFIED,
        "Qualified: the customer has stated real interest and details, size, date, quantity, budget; questions are being answered, no price or offer yet.",
        r"qualif\w*|interested|needs|details|requirements|warm|hot|discovery|consult\w*|viewing|measur\w*|interesad\w*|calificad\w*|seryoso\w*|interesado|serious|demo|visit",
        (T.IN_PROGRESS, T.LEAD),
        LeadStatus.QUALIFIED,
        55,
    ),
    Kind(
        Archetype.PROPOSAL_SENT,
        "Proposal sent: the business has given a price, quotation, offer or option to confirm and waits for the customer's answer.",
        r"propos\w*|quot\w*|offer\w*|priced?|prices?|estimate\w*|invoice\w*|presyo\w*|cotiz\w*|propuesta\w*|presupuesto|oferta\w*|sent|options?|awaiting payment|for payment",
        (T.IN_PROGRESS,),
        LeadStatus.PROPOSAL_SENT,
        60,
    ),
    Kind(
        Archetype.NEGOTIATING,
        "Negotiating: the customer asks for a lower price, a discount, another option or other terms; no agreement yet.",
        r"negot\w*|haggl\w*|bargain\w*|tawad\w*|discount\w*|counter\w*|discuss\w*|revision\w*|terms|regate\w*|objection\w*|thinking|deciding|follow.?up\w*|considering",
        (T.IN_PROGRESS,),
        LeadStatus.NEGOTIATING,
        70,
    ),
    Kind(
        Archetype.CLOSED_WON,
        "Closed won: the customer agreed; the deal, booking, order or payment is confirmed.",
        r"won|paid|sold|confirmed|complet\w*|order(?:ed|s)?|booked|reserved|purchased|customer|client\w*|bayad\w*|benta|nabenta|deliver\w*|shipped|ganad\w*|vendid\w*|pagad\w*|success\w*|deal|deposit|signed|subscribed|active|moved in|enrolled",
        (T.WON,),
        LeadStatus.WON,
        95,
    ),
    Kind(
        Archetype.CLOSED_LOST,
        "Closed lost: the customer or the business walked away; refused, too expensive, not available, cancelled, no agreement.",
        r"lost|cancel\w*|declin\w*|refus\w*|no.?shows?|not interested|dead|perdid\w*|ghost\w*|unresponsive|gone|rejected|hindi natuloy|ayaw|umatras|dropped|churn\w*|walked|fell through|sayang|expired|cold",
        (T.LOST,),
        LeadStatus.LOST,
        8,
    ),
    Kind(
        Archetype.SUPPORT,
        "Support: an existing customer has a problem, complaint or service request about something already bought.",
        r"support|complain\w*|after.?sales?|issues?|help|warranty|problems?|soporte|reklamo\w*|reclamo\w*|service|returns?|refunds?|postventa|existing",
        (T.IN_PROGRESS, T.ARCHIVED),
        LeadStatus.CONTACTED,
        30,
    ),
    Kind(
        Archetype.NOT_A_LEAD,
        "Not a lead: spam, advertising, off-topic chat, jokes, wrong number; nothing to do with the business.",
        r"spam|not a lead|junk|irrelevant|off.?topic|archiv\w*|wrong|trash|bots?|no es|basura|unqualified|disqualified|tambay|nuisance|other",
        (T.ARCHIVED, T.LOST),
        LeadStatus.LOST,
        3,
    ),
)

SUPPORT: tuple[Kind, ...] = (
    Kind(
        "New Request",
        "New ticket: the customer has described a problem or request and nobody has replied yet.",
        r"new|open|opened|requests?|tickets?|reported|incoming|nuevo\w*|abierto|bago\w*|received|unassigned",
        (T.LEAD,),
        LeadStatus.NEW,
        30,
    ),
    Kind(
        "Awaiting Customer",
        "Awaiting customer: the business has asked the customer for information and waits for the answer.",
        r"await\w*|waiting|pending|on hold|customer reply|needs info\w*|esperando\w*|hinihintay|info\w*",
        (T.IN_PROGRESS,),
        LeadStatus.CONTACTED,
        30,
    ),
    Kind(
        "In Progress",
        "In progress: the customer has supplied what was asked for; the business has to act, no result yet.",
        r"progress|working|investigat\w*|assigned|processing|checking|ongoing|en curso|en proceso|inaayos|action|triage\w*",
        (T.IN_PROGRESS,),
        LeadStatus.CONTACTED,
        30,
    ),
    Kind(
        "Resolved",
        "Resolved: the request was carried out or answered and the conversation is finished.",
        r"resolved|solved|closed|done|fixed|completed?|finished|resuelto|cerrado|naayos|tapos",
        (T.WON,),
        LeadStatus.WON,
        50,
    ),
    Kind(
        "Unresolved",
        "Unresolved: the business could not help or could not verify the customer; it ended without a result.",
        r"unresolved|unsolved|escalat\w*|could ?n.?t|cannot|failed|not (?:fixed|solved|resolved)|abandoned|sin resolver|rejected|refused|lost",
        (T.LOST,),
        LeadStatus.LOST,
        15,
    ),
)

KINDS: dict[Family, tuple[Kind, ...]] = {Family.SALES: SALES, Family.SUPPORT: SUPPORT}

_A = Archetype
# Where a kind's probability goes when the pipeline has no stage for it. Shares are kept below a
# half on purpose where no stage is right: the contact then goes to review instead of being moved.
STAND_INS: dict[Family, dict[str, dict[str, float]]] = {
    Family.SALES: {
        _A.NEW_LEAD: {_A.CONTACTED: 0.8, _A.QUALIFIED: 0.2},
        _A.CONTACTED: {_A.NEW_LEAD: 0.55, _A.QUALIFIED: 0.45},
        _A.QUALIFIED: {_A.CONTACTED: 0.6, _A.PROPOSAL_SENT: 0.25, _A.NEW_LEAD: 0.15},
        _A.PROPOSAL_SENT: {_A.NEGOTIATING: 0.5, _A.QUALIFIED: 0.5},
        _A.NEGOTIATING: {_A.PROPOSAL_SENT: 0.8, _A.QUALIFIED: 0.2},
        _A.CLOSED_WON: {_A.NEGOTIATING: 0.5, _A.PROPOSAL_SENT: 0.5},
        _A.CLOSED_LOST: {_A.NOT_A_LEAD: 0.6, _A.NEGOTIATING: 0.2, _A.CONTACTED: 0.2},
        _A.SUPPORT: {_A.CLOSED_WON: 0.45, _A.CONTACTED: 0.3, _A.NEW_LEAD: 0.25},
        _A.NOT_A_LEAD: {_A.CLOSED_LOST: 0.75, _A.NEW_LEAD: 0.25},
    },
    Family.SUPPORT: {
        "New Request": {"In Progress": 1.0},
        "Awaiting Customer": {"In Progress": 1.0},
        "In Progress": {"Awaiting Customer": 0.5, "New Request": 0.5},
        "Resolved": {"In Progress": 1.0},
        "Unresolved": {"Resolved": 0.5, "In Progress": 0.5},
    },
}
