"""The words by which the stand-in model tells what goes on: English, Taglish, Spanish, a little more."""

import re


def _any(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


PRICE = _any(
    r"(?:₱|php ?|\bp|\$|€)\s?\d[\d,.]*k?\b",
    r"\b\d[\d,.]*k? ?(?:pesos|php|/head|per head)",
    r"\b\d{1,3}(?:,\d{3})+\b",
)
PAID = _any(
    r"\bpaid\b", r"bayad na", r"nag ?send na", r"\bsent na\b", r"payment (?:received|sent)", r"received (?:your|the) payment",
    r"order (?:is )?confirmed", r"\bconfirmed\b", r"\bbooked\b", r"\breserved\b", r"\bdeal\b", r"it's a deal",
    r"pagado", r"transfer[íi]", r"confirmad[oa]", r"reservad[oa]", r"successfully", r"signed the",
    r"all set", r"na-?receive (?:na )?(?:po )?(?:namin|ko)", r"đã chuyển khoản", r"تم الدفع", r"i'?ll take it",
)  # fmt: skip
LOST = _any(
    r"no,? thank", r"not interested", r"(?:found|bought|got) (?:one |it |another )?(?:somewhere|elsewhere|from another)",
    r"changed my mind", r"too expensive", r"\bcancel", r"wag na", r"huwag na", r"'?di na (?:po )?(?:lang|kami|ako|tuloy)",
    r"hindi na (?:po )?(?:lang|kami|ako|tuloy)", r"sa iba na", r"ibang shop", r"nakabili na", r"ya no (?:lo|la|me|gracias)", r"no gracias",
    r"muy caro", r"en otro lado", r"out of stock", r"sold out", r"unavailable", r"pass muna", r"không mua", r"لا شكرا", r"never ?mind",
)  # fmt: skip
HAGGLE = _any(
    r"discount", r"tawad", r"last price", r"bawas", r"\bless\b", r"lower", r"cheaper", r"best price", r"mahal", r"budget",
    r"rebaja", r"descuento", r"menos", r"m[áa]s barat", r"pwede (?:po )?ba(?:ng)? \d", r"how about", r"can you do", r"would you take",
    r"negotiable", r"giảm giá", r"خصم", r"installment", r"hulugan", r"any chance",
)  # fmt: skip
COMPLAINT = _any(
    r"complain", r"refund", r"broken", r"\bsira\b", r"defect", r"wrong (?:item|size|color|colour|order)", r"\bmali\b", r"late\b",
    r"disappoint", r"worst", r"terrible", r"angry", r"galit", r"bakit (?:po )?(?:wala|hindi|ang tagal)", r"queja", r"devoluci[óo]n",
    r"\brot[oa]\b", r"mal servicio", r"scam", r"hindi (?:po )?gumagana", r"not working", r"kulang", r"sayang", r"\bpanis\b", r"report ko",
)  # fmt: skip
SPAM = _any(
    r"https?://(?!.*(?:facebook|instagram))\S+", r"bit\.ly", r"crypto", r"forex", r"loan offer", r"earn \$?\d", r"work from home", r"investment",
    r"boost your (?:page|followers)", r"click (?:the|this) link", r"congratulations you", r"won a", r"free (?:iphone|gift)", r"increase (?:your )?(?:followers|sales)",
)  # fmt: skip
BUYING = _any(
    r"how much", r"magkano", r"\bhm\b", r"available", r"avail", r"order", r"price", r"cu[áa]nto", r"precio", r"comprar",
    r"book", r"reserve", r"gcash", r"cod\b", r"deliver", r"size", r"in stock", r"meron", r"schedule", r"slot", r"bao nhiêu", r"كم",
)  # fmt: skip
URGENT = _any(
    r"asap",
    r"urgent",
    r"today",
    r"ngayon",
    r"mamaya",
    r"tonight",
    r"tomorrow",
    r"bukas",
    r"hoy\b",
    r"mañana",
    r"rush",
    r"now na",
)
HAPPY = _any(
    r"thank",
    r"salamat",
    r"gracias",
    r"love",
    r"ganda",
    r"sarap",
    r"perfect",
    r"great",
    r"😍|🥰|❤|😊|🎉|👍",
    r"yay",
    r"excited",
)
DETAILS = _any(
    r"\b\d+\s?(?:pcs|pieces|pax|person|people|personas|kilo|sqm|bedroom|br|gb|inch)",
    r"\bsize\b",
    r"\bfor (?:my|our|the)\b",
    r"\bcolor\b",
    r"para (?:sa|kay|el|la)",
    r"necesito",
    r"i need",
    r"looking for",
    r"hanap",
    r"model",
)

LANGUAGES = (
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("vi", re.compile(r"[ăđơư]|[ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)),
    ("tl", re.compile(r"\b(?:po|opo|ang|yung|ng|mga|kayo|naman|lang|ako|pwede|magkano|salamat|hindi|meron|sige|kasi|wala)\b", re.IGNORECASE)),
    ("es", re.compile(r"[¿¡ñ]|\b(?:hola|gracias|cuánto|precio|quiero|para|tienen|necesito|el|los|una|está)\b", re.IGNORECASE)),
)  # fmt: skip
TOPICS = (
    ("delivery", _any(r"deliver", r"shipping", r"lalamove", r"envío", r"padala")),
    ("price", _any(r"how much", r"magkano", r"price", r"precio", r"cuánto", r"\bhm\b")),
    ("payment", _any(r"gcash", r"payment", r"bayad", r"maya\b", r"bank", r"pago")),
    ("appointment", _any(r"schedule", r"slot", r"appointment", r"book", r"cita")),
    ("sizes", _any(r"\bsize\b", r"talla", r"\bxl\b", r"medium")),
    ("repair", _any(r"lcd", r"screen", r"battery", r"repair", r"ayos", r"pantalla")),
    ("cakes", _any(r"cake", r"pastel", r"cupcake", r"ube")),
    ("viewing", _any(r"viewing", r"tripping", r"visit", r"unit\b", r"condo", r"house")),
    ("complaint", COMPLAINT),
)
PAINS = (
    ("price too high", _any(r"mahal", r"expensive", r"caro\b", r"budget")),
    ("slow answer", _any(r"late", r"tagal", r"no reply", r"seen")),
    ("item damaged or wrong", _any(r"sira", r"broken", r"wrong", r"mali", r"defect", r"rot[oa]\b")),
    ("not in stock", _any(r"out of stock", r"sold out", r"wala na", r"agotado")),
)
