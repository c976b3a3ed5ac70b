"""The words by which the stand-in model tells what goes on: English, Taglish, Spanish, a little more.

Plain substrings wherever they do: a big alternation costs a regex engine more than everything else
a call does, and benchmarks make a hundred calls a second on shared cores.
"""

import re


class Words:
    """A kind of thing people say. Looks into lower-case text only."""

    __slots__ = ("_literals", "_pattern")

    def __init__(self, *literals: str, pattern: str = "") -> None:
        self._literals = literals
        self._pattern = re.compile(pattern) if pattern else None

    def found_in(self, text: str) -> bool:
        """Whether the (lower-case) text says it."""
        for literal in self._literals:
            if literal in text:
                return True
        return self._pattern is not None and self._pattern.search(text) is not None


# The currency first, or the number first: "₱850", "php 1,200", "P350", "2,500", "500 pesos"
PRICE = Words(pattern=r"[₱$€]\s?\d|\bp(?:hp)? ?\d|\d[\d,.]*k? ?(?:pesos|php)|\b\d{1,3},\d{3}\b")
PAID = Words(
    "bayad na", "paid na", "i've paid", "just paid", "fully paid na", "fully paid ko", "already paid", "nagsend na", "nag send na", "nag-send na", "sent na", "payment received", "payment sent",
    "received your payment", "received the payment", "order confirmed", "order is confirmed", "confirmed na", "confirmed po", "is confirmed", "you're confirmed",
    "booked na", "booked ka na", "received po", "you're booked", "is booked", "reserved na", "is reserved", "it's a deal", "pagado", "transferí", "confirmado", "confirmada", "reservado", "reservada",
    "successfully", "all set", "na-receive", "nareceive", "i'll take it", "đã chuyển khoản", "تم الدفع", "receipt",
    pattern=r"\bdeal\b(?! ?breaker)",
)  # fmt: skip
LOST = Words(
    "no thank", "no, thank", "not interested", "somewhere else", "elsewhere", "from another", "changed my mind", "too expensive", "cancel",
    "wag na", "huwag na", "di na po", "di na lang", "di na kami", "di na ako", "di na tuloy", "hindi na po", "hindi na lang", "hindi na kami", "hindi na ako",
    "hindi na tuloy", "sa iba na", "sa iba nalang", "ibang shop", "nakabili na", "ya no, gracias", "ya no gracias", "ya no lo", "ya no la", "ya no me", "no gracias", "no, gracias", "muy caro",
    "en otro lado", "otro lugar", "out of stock", "sold out", "unavailable", "pass muna", "không mua", "لا شكرا", "never mind", "nevermind",
)  # fmt: skip
HAGGLE = Words(
    "discount", "tawad", "last price", "bawas", "lower", "cheaper", "best price", "mahal", "budget", "rebaja", "descuento", "por menos", "más barat",
    "how about", "can you do", "would you take", "negotiable", "giảm giá", "خصم", "installment", "hulugan", "any chance", "baba pa", "kaya ba",
    pattern=r"\bless\b|pwede (?:po )?ba(?:ng)? \d|[₱$] ?\d|\b\d{2,3}k\b|\d% off",
)  # fmt: skip
COMPLAINT = Words(
    "complain", "refund", "broken", "defect", "wrong item", "wrong size", "wrong color", "wrong colour", "wrong order", "disappoint", "worst", "terrible",
    "angry", "galit", "bakit wala", "bakit hindi", "bakit ang tagal", "bakit po", "queja", "devolución", "devolver", "mal servicio", "scam", "hindi gumagana", "di gumagana",
    "hindi po gumagana", "not working", "kulang", "panis", "report ko", "natapon", "nadurog",
    pattern=r"\bsira\b|\bmali\b|\brot[oa]\b|\b(?:so|very|is|was) late\b",
)  # fmt: skip
SPAM = Words(
    "bit.ly", "crypto", "forex", "loan offer", "work from home", "investment", "boost your page", "boost your followers", "click the link", "click this link",
    "congratulations you", "won a ", "free iphone", "free gift", "increase your followers", "increase your sales", "copyright violation", "page will be disabled", "seo services",
    pattern=r"https?://(?!\S*(?:facebook|instagram))\S+|earn [$₱]?\d",
)  # fmt: skip
BUYING = Words(
    "how much", "magkano", "avail", "order", "price", "cuánto", "cuanto", "precio", "comprar", "book", "reserve", "gcash", "deliver", "size", "in stock",
    "meron", "schedule", "slot", "bao nhiêu", "كم", pattern=r"\bhm\b|\bcod\b",
)  # fmt: skip
URGENT = Words("asap", "urgent", "today", "ngayon", "mamaya", "tonight", "tomorrow", "bukas", "mañana", "rush", pattern=r"\bhoy\b")  # fmt: skip
HAPPY = Words("thank", "salamat", "gracias", "love", "ganda", "sarap", "perfect", "great", "😍", "🥰", "❤", "😊", "🎉", "👍", "excited")  # fmt: skip
DETAILS = Words(
    "for my", "for our", "para sa", "para kay", "para el", "para la", "necesito", "i need", "looking for", "hanap", "model", "color",
    pattern=r"\b\d+ ?(?:pcs|pieces|pax|person|people|personas|kilo|sqm|bedroom|br\b|gb|inch)|\bsize\b",
)  # fmt: skip

LANGUAGES = (
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("vi", re.compile(r"[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")),
    ("tl", re.compile(r"\b(?:po|opo|ang|yung|ng|mga|kayo|naman|lang|ako|pwede|magkano|salamat|hindi|meron|sige|kasi|wala)\b")),
    ("es", re.compile(r"[¿¡ñ]|\b(?:hola|gracias|cuánto|precio|quiero|para|tienen|necesito|una|está)\b")),
)  # fmt: skip
TOPICS = (
    ("delivery", Words("deliver", "shipping", "lalamove", "envío", "padala")),
    ("price", Words("how much", "magkano", "price", "precio", "cuánto", "₱")),
    ("payment", Words("gcash", "payment", "bayad", "bank", "pago", "maya ")),
    ("appointment", Words("schedule", "slot", "appointment", "book", "cita")),
    ("sizes", Words("size", "talla", "medium", " xl")),
    ("repair", Words("lcd", "screen", "battery", "repair", "ayos", "pantalla")),
    ("cakes", Words("cake", "pastel", "cupcake", "ube")),
    ("viewing", Words("viewing", "tripping", "visit", "condo", "house", "unit")),
    ("complaint", COMPLAINT),
)
PAINS = (
    ("price too high", Words("mahal", "expensive", "budget", " caro")),
    ("slow answer", Words("late", "tagal", "no reply", "seen")),
    ("item damaged or wrong", Words("sira", "broken", "wrong", "mali", "defect")),
    ("not in stock", Words("out of stock", "sold out", "wala na", "agotado")),
)
