"""Words that come back in every shop's chats and so say nothing of what one is about."""

_WORDS = """
about actually address also always anong anything appreciate avail available bayad because been before booked both
brand buenas buenos bukas business call came check color come como confirm confirmed could cuando cuanto customer
cuánto deal delivery dias didn disponible dito does doing donde done dont días each else enough envio envío esta
este esto even ever every favor fine from gcash gets give going gonna good gracias great hahaha hanggang have having
hello help here hindi hola hours ikaw interested into just kami kasi kayo kung kuya lang last later like listo
little long look looking lower maam magkano mahal make mamaya many maybe mayroon meron message more morning most
much muchas muna naman name namin natin need ngayon nila niya niyo nothing number nyo okay only order orders other
over paano pago pang para payment pero pesos pick pickup pina please porque precio price puede pwede quiero quisiera
ready really receive received right saan said salamat same sana saturday send sent shall ship shipping should sige
size sold some soon sorry sound sounds still stock sunday sure take taking talaga tardes tayo thank thanks that
thats their them then there these they thing think this those though tiene tienen time today tomorrow tonight tsaka
unit until very wait walang want wants watch week weeks welcome well were what when where which while will with
without work works would wrong year years yesterday your yours yung
"""
PLAIN_WORDS = frozenset(_WORDS.split())
