"""Spanish: the sandbox and the callbacks. The rest is ``es``'s."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "1 attempt": "1 intento",
    "1 part": "1 parte",
    "A day passes": "Pasa un día",
    "A key was made. It is shown only now, in these requests.": (
        "Se creó una clave. Solo se muestra ahora, en estas peticiones."
    ),
    "A message whose request or account names a URL is told there what becomes of it.": (
        "Si la petición o la cuenta de un mensaje indica una URL, ahí se notifica qué es de él."
    ),
    "A phone writes to a number, and at most 2,000 characters.": (
        "Un teléfono escribe a un número, y como máximo 2.000 caracteres."
    ),
    "An hour passes": "Pasa una hora",
    "Another text was sent": "Se envió otro texto",
    "Answer": "Respuesta",
    "Any host": "Servidor",
    "Any phone": "Cualquier teléfono",
    "Attempts": "Intentos",
    "Attempts that failed": "Intentos fallidos",
    "Back to normal": "Volver a lo normal",
    "Callback": "Notificación",
    "Callbacks": "Notificaciones",
    "Chaos": "Caos",
    "Clock": "Reloj",
    "Copy": "Copiar",
    "Copy a request and run it in a terminal. It arrives here while you look.": (
        "Copie una petición y ejecútela en un terminal. Llega aquí mientras mira."
    ),
    "Delivered": "Entregadas",
    "Each request to a dialect shows here with its answer, as they came and without their secrets.": (
        "Cada petición a un dialecto aparece aquí con su respuesta, tal como llegaron y sin sus secretos."
    ),
    "Every carrier is simulated: nothing leaves this machine.": (
        "Todos los operadores son simulados: nada sale de esta máquina."
    ),
    "Everything that came to /sandbox/callback, as it came. Name it as ackurl, clickurl or inboundurl.": (
        "Todo lo que llegó a /sandbox/callback, tal como llegó. Indíquelo como ackurl, clickurl o inboundurl."
    ),
    "For everybody who sends to it, until the server stops.": (
        "Para todos los que le envíen, hasta que pare el servidor."
    ),
    "From now on the carrier does wrong by this script.": "A partir de ahora el operador falla según este guion.",
    "From now on this number does so.": "A partir de ahora este número hace eso.",
    "Given up": "Abandonadas",
    "Handset": "Teléfono",
    "Host": "Servidor",
    "It behaves so because somebody told it": "Se comporta así porque alguien se lo indicó",
    "It is not signed: the account has no callback_secret.": "No va firmada: la cuenta no tiene callback_secret.",
    "Last calls": "Últimas llamadas",
    "Last digits": "Últimas cifras",
    "Let it do so": "Que lo haga",
    "Magic numbers": "Números mágicos",
    "Make a key for these requests": "Crear una clave para estas peticiones",
    "Messages on the handset": "Mensajes en el teléfono",
    "No callbacks yet": "Todavía no hay notificaciones",
    "No number of yours is written like that, so nobody would get it.": (
        "Ningún número suyo se escribe así, de modo que nadie lo recibiría."
    ),
    "None among those that were looked at so far.": "Ninguna entre las que se han mirado hasta ahora.",
    "None fits.": "Ninguna coincide.",
    "None older fits.": "Ninguna más antigua coincide.",
    "None came: {why}.": "No llegó ninguna: {why}.",
    "None yet.": "Todavía ninguno.",
    "Numbers": "Números",
    "Numbers that get a message show here, the newest first.": (
        "Los números que reciben un mensaje aparecen aquí, el más reciente primero."
    ),
    "Phones cannot write to you yet: no number is yours. An operator gives you one:": (
        "Los teléfonos aún no pueden escribirle: ningún número es suyo. Operación puede darle uno:"
    ),
    "Program": "Programa",
    "Request": "Petición",
    "Requests to copy": "Peticiones para copiar",
    "Sandbox": "Pruebas",
    "Script for {carrier}": "Guion para {carrier}",
    "Send the first message": "Envíe el primer mensaje",
    "Sent": "Enviadas",
    "Set": "Aplicar",
    "TLS failed": "falló TLS",
    "The carrier does nothing wrong any more but what the configuration says.": (
        "El operador ya no falla más que en lo que diga la configuración."
    ),
    "The carrier's answer was lost: nobody knows which message it is": (
        "La respuesta del operador se perdió: nadie sabe qué mensaje es"
    ),
    "The clock does not jump so far.": "El reloj no salta tanto.",
    "The clock has jumped: what was due meanwhile happens now.": (
        "El reloj ha saltado: lo que vencía entretanto ocurre ahora."
    ),
    "The phone has written.": "El teléfono ha escrito.",
    "The phones of the simulated carriers only. Real carriers are on other pages.": (
        "Solo los teléfonos de los operadores simulados. Los reales están en otras páginas."
    ),
    "The raw request": "La petición tal cual",
    "The raw request and answer": "La petición y la respuesta tal cual",
    "The signature does not fit the account's callback_secret.": (
        "La firma no corresponde al callback_secret de la cuenta."
    ),
    "The signature fits the account's callback_secret.": "La firma corresponde al callback_secret de la cuenta.",
    (
        "These accounts have no URL of their own, so a message gets callbacks only where its request "
        "names one. CONVERGIA, SOFMEX and 402T Labs have none. To give them one:"
    ): (
        "Estas cuentas no tienen URL propia, así que un mensaje solo se notifica si su petición indica "
        "una. CONVERGIA, SOFMEX y 402T Labs no notifican. Para darles una:"
    ),
    "They will be tried again within a second: {count}.": "Se reintentarán en menos de un segundo: {count}.",
    "This number…": "Este número…",
    "Of the latest {count} messages none is for this phone.": (
        "De los últimos {count} mensajes ninguno es para este teléfono."
    ),
    "Look among all messages": "Buscar entre todos los mensajes",
    "This account has too many keys of the sandbox: end some first.": (
        "Esta cuenta tiene demasiadas claves del entorno de pruebas: anule antes alguna."
    ),
    "This script cannot be read: {why}": "Este guion no se entiende: {why}",
    "Try all that were given up again": "Reintentar todas las abandonadas",
    "Try all that {login} has given up again": "Reintentar todas las abandonadas de {login}",
    "Waiting and given up": "Pendientes y abandonadas",
    "Waiting for another attempt": "Pendientes de otro intento",
    (
        "What a phone does is the same for everybody who sends to it, so who sees the whole platform "
        "sets it. These always work: a number whose last digits are"
    ): (
        "Lo que hace un teléfono es igual para todos los que le envían, así que lo decide quien ve toda "
        "la plataforma. Esto siempre funciona: un número cuyas últimas cifras sean"
    ),
    "What a script can say": "Qué puede decir un guion",
    "What happens shows here by itself": "Lo que ocurre aparece aquí solo",
    (
        "What is due by then happens at once: scheduled messages, further attempts of callbacks, "
        "receipts. It never goes back."
    ): (
        "Lo que venza hasta entonces ocurre de inmediato: mensajes programados, reintentos de "
        "notificaciones, acuses. Nunca retrocede."
    ),
    "What it does": "Qué hace",
    "What the customer's program would have got": "Lo que habría recibido el programa del cliente",
    "What the phone writes": "Lo que escribe el teléfono",
    "Whose callbacks are never made": "Quién no recibe notificaciones",
    "Why?": "¿Por qué?",
    "Word": "Palabra",
    "Write": "Escribir",
    "Write as this phone…": "Escriba como este teléfono…",
    "Writes to": "Escribe a",
    "a network that callbacks may not go to": "una red a la que no pueden ir notificaciones",
    "answers OK by itself": "contesta OK por sí solo",
    "as the magic numbers do": "como los números mágicos",
    "came {count} times": "llegó {count} veces",
    "does nothing wrong": "no falla en nada",
    "does wrong": "falla a propósito",
    "fails: it cannot be delivered": "falla: no se puede entregar",
    "flash": "flash",
    "given up": "abandonada",
    "is delivered within a second": "se entrega en un segundo",
    "is refused by the carrier": "lo rechaza el operador",
    "is slow: delivered after 10 s": "es lento: se entrega a los 10 s",
    "is throttled twice, then delivered": "se frena dos veces y luego se entrega",
    "never answers: taken, and no receipt comes": "no contesta: se acepta y no llega acuse",
    "new": "nuevos",
    "no URL": "sin URL",
    "no URL that can be called": "una URL a la que no se puede llamar",
    "no answer in time": "sin respuesta a tiempo",
    "no connection": "sin conexión",
    "nobody's": "de nadie",
    "none": "ninguna",
    "or a chaos script": "o un guion de caos",
    "reached no account": "no llegó a ninguna cuenta",
    "signature fits": "firma correcta",
    "signature is wrong": "firma incorrecta",
    "the answer was too large": "la respuesta era demasiado grande",
    "the connection broke off": "la conexión se interrumpió",
    "the real time": "la hora real",
    "to {address}": "a {address}",
    "unsigned": "sin firma",
    "what came was no HTTP": "lo que llegó no era HTTP",
    "what its last digits say": "lo que digan sus últimas cifras",
    "{count} attempts": "{count} intentos",
    "{count} here": "{count} aquí",
    "{count} parts": "{count} partes",
    "{span} ahead of the real time": "{span} por delante de la hora real",
    "{word} is a key of the account; of those that exist only hashes are kept.": (
        "{word} es una clave de la cuenta; de las que existen solo se guarda un resumen."
    ),
    "{word} is the account's own password, of which only a hash is kept.": (
        "{word} es la contraseña de la propia cuenta, de la que solo se guarda un resumen."
    ),
}
