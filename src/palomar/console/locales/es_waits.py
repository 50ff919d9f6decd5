"""Spanish of what a message waits for."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "It waits for its time, which is in {left}; until then it can be cancelled.": (
        "Espera su hora, que llega en {left}; hasta entonces se puede cancelar."
    ),
    "It has waited for a carrier for {age}: none is configured, or none has been chosen yet; routes say which.": (
        "Espera un operador desde hace {age}: no hay ninguno configurado, o aún no se ha elegido; las rutas dicen cuál."
    ),
    (
        "It has waited for {age} for {carrier}, which no running server has; start one that has it, or the message is"
        " routed anew when a server starts without it."
    ): (
        "Espera desde hace {age} a {carrier}, que ningún servidor en marcha tiene; arranque uno que lo tenga, o el"
        " mensaje buscará otra ruta cuando arranque un servidor sin él."
    ),
    (
        "It has waited for {age} for {carrier}: {why}; it leaves by itself when that is over, or at once by another"
        " carrier if a route leads there."
    ): (
        "Espera desde hace {age} a {carrier}: {why}; sale por sí solo cuando eso termine, o enseguida por otro operador"
        " si una ruta lleva a él."
    ),
    (
        "It has stood in line for {carrier} for {age}, {count} parts before it; a faster pace or another carrier beside"
        " it makes the line shorter."
    ): (
        "Está en la cola de {carrier} desde hace {age}, con {count} partes delante; un ritmo mayor u otro operador a su"
        " lado acortan la cola."
    ),
    (
        "{carrier} has put it off, {count} times so far and {age} ago for the last time ({why}); it comes again by"
        " itself within a minute, and a carrier that goes on so is to be asked why."
    ): (
        "{carrier} lo ha aplazado, {count} veces por ahora y la última hace {age} ({why}); vuelve a intentarse solo en"
        " menos de un minuto, y a un operador que sigue así hay que preguntarle por qué."
    ),
    (
        "{carrier} has not answered it, for {age} nobody has known whether it has it, and it is sent again; the"
        " account's setting unknown_outcome could hold it instead."
    ): (
        "{carrier} no ha contestado: desde hace {age} nadie sabe si lo tiene, y se enviará de nuevo; el ajuste"
        " unknown_outcome de la cuenta podría retenerlo."
    ),
    (
        "It was given to {carrier}, and has waited for its answer for {age}; without one in time it counts as in doubt."
    ): ("Se entregó a {carrier} y espera su respuesta desde hace {age}; si no llega a tiempo, queda en duda."),
    (
        "It is in doubt: for {age} nobody has known whether {carrier} has it; its receipt ends that, or its validity"
        " in {left}; who knows that it was not taken can send it anew."
    ): (
        "Está en duda: desde hace {age} nadie sabe si {carrier} lo tiene; acaba la duda su acuse, o su validez en"
        " {left}; quien sepa que no se aceptó puede enviarlo de nuevo."
    ),
    "{carrier} took it {age} ago and has not said yet what became of it; without a receipt it ends in {left}.": (
        "{carrier} lo aceptó hace {age} y aún no ha dicho qué fue de él; sin acuse, termina en {left}."
    ),
    "It did not leave: no route takes it; add one that does, and send it anew.": (
        "No salió: ninguna ruta lo acepta; añada una que lo haga y envíelo de nuevo."
    ),
    ("It did not leave: a route that fits was closed at that hour; send it anew in its hours, or widen them."): (
        "No salió: una ruta que podría llevarlo estaba cerrada a esa hora; envíelo de nuevo en su horario, o amplíelo."
    ),
}
