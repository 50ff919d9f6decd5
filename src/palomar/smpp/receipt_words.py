"""The words of receipts by their meaning: Appendix B's own, and those that carriers write in their place.

A word counts in any case, with or without accents, blanks and punctuation, and cut to seven letters as Appendix B cuts
its own. A number is a message_state (SMPP 3.4 section 5.2.28). A word that is missing here is unknown: nothing is
guessed from a part of a word. Not here: how a word is found in a receipt (``receipt``), and a carrier's own words (its
settings).
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

from palomar.smpp.parameters import MessageState

#: The words of Appendix B, table B-2, and of SMPP 5.0; the first of each state is the one we write.
STAT_WORDS: Final = {
    MessageState.SCHEDULED: ("SCHEDLD", "SCHEDULED"),
    MessageState.ENROUTE: ("ENROUTE",),
    MessageState.DELIVERED: ("DELIVRD", "DELIVERED"),
    MessageState.EXPIRED: ("EXPIRED",),
    MessageState.DELETED: ("DELETED",),
    MessageState.UNDELIVERABLE: ("UNDELIV", "UNDELIVERABLE", "UNDELIVERED"),
    MessageState.ACCEPTED: ("ACCEPTD", "ACCEPTED"),
    MessageState.UNKNOWN: ("UNKNOWN",),
    MessageState.REJECTED: ("REJECTD", "REJECTED"),
    MessageState.SKIPPED: ("SKIPPED",),
}

#: What carriers write in their place, in English and in the languages of their countries; several words are one here.
SYNONYMS: Final = {
    MessageState.DELIVERED: (
        "DELIVER DELIVERD DELIVRED DELIVERE DELIVD DELVRD DELVD DLVRD DLVD DLVRED DLIVRD DELIVERYSUCCESS"
        " DELIVERYSUCCESSFUL DELIVERYOK DELIVEREDTOHANDSET DELIVEREDTOTERMINAL DELIVEREDTOPHONE"
        " SUCCESS SUCCESSFUL SUCCESSFULLY SUCCEEDED OK READ SEEN VIEWED DISPLAYED"
        " ENTREGADO ENTREGADA ENTREGADOS ENTREGUE LIVRE DELIVRE"
        " REMIS CONSEGNATO ZUGESTELLT DORECZONO DORUCENO TESLIMEDILDI"
        " ДОСТАВЛЕНО"
    ),
    MessageState.UNDELIVERABLE: (
        "UNDELIVE UNDELIVERD UNDELIVRD UNDELIVD UNDELVRD UNDLVRD UNDLV UNDLVD UNDL UNDEL UNDELIVERY UNDLIV"
        " NOTDELIVERED NOTDELIVRD NOTDELIVERD NOTDELIV NOTDELIVERABLE"
        " NOTDLVRD NONDELIVERED NONDELIVRD NONDELIV NONDELIVERY"
        " NODELIVERY NOTSENT UNSENT UNSUCCESSFUL UNSUCCESS UNABLE ABSENT SWITCHEDOFF NOTFOUND INVALID INVALIDMSISDN"
        " FAILED FAILURE FAIL FAILD FAILEDTODELIVER FAILEDDELIVERY DELIVERYFAILED DELIVERYFAILURE DELIVERYFAIL"
        " DELIVERYERROR DELIVERYIMPOSSIBLE SENDFAILED SENTFAILED SENDINGFAILED SENDERROR SUBMITFAILED PERMFAIL"
        " PERMANENTFAILURE PERMANENTERROR ERR ERROR ERRORED UNREACHABLE UNREACHED UNREACH UNROUTABLE UNROUTED NOROUTE"
        " ABSENTSUBSCRIBER UNKNOWNSUBSCRIBER INVALIDNUMBER INVALIDDESTINATION ABORTED ABORT DROPPED DISCARDED LOST"
        " NOENTREGADO NOENTREGADA SINENTREGAR NAOENTREGUE NONLIVRE NONDELIVRE NONREMIS NONCONSEGNATO NICHTZUGESTELLT"
        " FALLIDO FALLIDA FALLADO FALLO FALHOU FALHA ECHEC ECHOUE FALLITO FEHLGESCHLAGEN FEHLER ERREUR ERRORE ERRO"
        " НЕДОСТАВЛЕНО"
    ),
    MessageState.EXPIRED: (
        "EXPIRD EXPIRE EXPIRY EXPRD EXPD EXPIREDVALIDITY VALIDITYEXPIRED TIMEOUT TIMEDOUT TTLEXPIRED"
        " EXPIRADO EXPIRADA CADUCADO CADUCADA VENCIDO PERIME SCADUTO ABGELAUFEN"
    ),
    MessageState.DELETED: (
        "DELETE DELTED DELETD REMOVED CANCELED CANCELLED CANCELD CANCEL CANCELLD WITHDRAWN REVOKED"
        " BORRADO ELIMINADO CANCELADO CANCELADA APAGADO SUPPRIME ANNULE ELIMINATO ANNULLATO GELOSCHT STORNIERT"
    ),
    MessageState.REJECTED: (
        "REJECT REJCTD REJECTE REJCT REJD REJ BLOCKED BLOCK BLOCKD BLACKLISTED BLACKLIST BLKLST BARRED DENIED REFUSED"
        " REFUSD FORBIDDEN PROHIBITED FILTERED SPAM SPAMBLOCKED DND NACK NACKED NOTACCEPTED NOTALLOWED OPTEDOUT"
        " UNSUBSCRIBED"
        " RECHAZADO RECHAZADA BLOQUEADO BLOQUEADA DENEGADO REJEITADO REJEITADA REJETE REFUSE BLOQUE RIFIUTATO RESPINTO"
        " BLOCCATO ABGELEHNT BLOCKIERT GESPERRT ОТКЛОНЕНО"
    ),
    MessageState.UNKNOWN: "UNKN UNKNOW UNKNWN UNKNOWNSTATUS UNK DESCONOCIDO DESCONHECIDO INCONNU SCONOSCIUTO UNBEKANNT",
    MessageState.ACCEPTED: ("ACCEPT ACCEPTE ACPTD ACCPTD ACK ACKED ACKD ACEPTADO ACEPTADA ACEITO ACCETTATO AKZEPTIERT"),
    MessageState.SCHEDULED: "SCHEDULD SCHEDULE SCHED SCHD PROGRAMADO AGENDADO PLANIFIE",
    MessageState.ENROUTE: (
        "ENROUT ENRT ENRUTE INROUTE ONROUTE INTRANSIT TRANSIT BUFFERED BUFFERD BUFFRED BUFFER BUFRD BUFFRD QUEUED QUEUE"
        " ENQUEUED INQUEUE PENDING PEND PENDNG SENT SEND SENDING SENTOK SUBMITTED SUBMITD SUBMIT SUBMITED SUBMTD"
        " FORWARDED FORWARD FORWARDD DISPATCHED STORED RETRY RETRYING RETRIED DEFERRED DEFERED DEFER DELAYED WAITING"
        " WAIT MESSAGEWAITING PROCESSING PROCESSED PROCESS INPROCESS INPROGRESS ONGOING TRYING TEMPFAIL TEMPFAILED"
        " TEMPORARYFAILURE TEMPORARYERROR DELIVEREDTONETWORK DELIVEREDTOSMSC DELIVEREDTOGATEWAY DELIVEREDTOOPERATOR"
        " DELIVERYPENDING SENTTOSMSC SENTTONETWORK NEW"
        " ENVIADO ENVIADA ENVIANDO PENDIENTE PENDENTE ENCOLA"
        " ENCOLADO ENPROCESO ENTRANSITO ENCAMINO ENATTENTE ENVOYE ENCOURS"
        " INVIATO INATTESA GESENDET WARTEND ОТПРАВЛЕНО"
    ),
}


def state_of(word: str) -> MessageState | None:
    """Return the state that a receipt's word (or several) means; None if it is unknown."""
    if (found := _STATES.get(word.upper())) is not None:
        return found
    words = word.strip()[:_LONGEST]
    if words.isascii() and words.isdigit():
        return _BY_NUMBER.get(int(words))
    plain = normalize_word(words)
    for written in (plain, plain.rstrip("0123456789")):
        if (found := _STATES.get(written)) is not None:
            return found
    return _of_tokens([normalize_word(token) for token in _tokens(words)])


def normalize_word(word: str) -> str:
    """Return a word in capitals, without accents, blanks and punctuation."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if letter.isalnum()).upper()


_LONGEST = 80
_CUT_TO = 7
_NEGATIONS = frozenset({"NOT", "NO", "NON", "UN", "NAO", "NICHT", "SIN", "NE", "НЕ"})


def _tokens(words: str) -> list[str]:
    return "".join(letter if letter.isalpha() or not letter.isascii() else " " for letter in words).split()


def _of_tokens(tokens: list[str]) -> MessageState | None:
    """Return the state of the first word, where a reason follows it (``FAILED (absent)``).

    Another word behind it that means something else makes all of it unknown, and so does a negation.
    """
    if not tokens or not _NEGATIONS.isdisjoint(tokens):
        return _STATES.get("".join(tokens[:2]))
    meant = {state for token in tokens if (state := _STATES.get(token)) is not None}
    first = _STATES.get("".join(tokens[:2]), _STATES.get(tokens[0]))
    return first if meant <= {first} else None


def _table() -> dict[str, MessageState]:
    words: list[tuple[str, MessageState]] = [(word, state) for state, known in STAT_WORDS.items() for word in known]
    words += [(normalize_word(word), state) for state, text in SYNONYMS.items() for word in text.split()]
    return _cut_words(words) | dict(reversed(words))


def _cut_words(words: Iterable[tuple[str, MessageState]]) -> dict[str, MessageState]:
    """Return the words cut to seven letters, except those that would then mean two things."""
    meanings: dict[str, set[MessageState]] = {}
    for word, state in words:
        if len(word) > _CUT_TO:
            meanings.setdefault(word[:_CUT_TO], set()).add(state)
    return {word: states.pop() for word, states in meanings.items() if len(states) == 1}


_STATES: Final = _table()
_BY_NUMBER: Final = {int(state): state for state in MessageState}
