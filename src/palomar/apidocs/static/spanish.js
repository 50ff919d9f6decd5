// Translates Swagger UI, which is in English only: replaces its words wherever and whenever it writes them. Only the text
// of existing nodes changes, never the tree, because the tree is React's. Texts of the document and of answers stay.
"use strict";

const SPANISH = {
  "Authorize": "Autorizar",
  "Authorized": "Autorizado",
  "Available authorizations": "Autorizaciones disponibles",
  "Cancel": "Cancelar",
  "Clear": "Limpiar",
  "Close": "Cerrar",
  "Code": "Código",
  "Controls ": "Se pide con la cabecera ",
  "Description": "Descripción",
  "Details": "Detalles",
  "Download": "Descargar",
  "Edit Value": "Editar el valor",
  "Errors": "Errores",
  "Example": "Ejemplo",
  "Example Value": "Valor de ejemplo",
  "Examples": "Ejemplos",
  "Execute": "Ejecutar",
  " header.": ".",
  "Headers:": "Cabeceras:",
  "Hide": "Ocultar",
  "Links": "Enlaces",
  "Logout": "Salir",
  "Media type": "Tipo de contenido",
  "Name": "Nombre",
  "Name: ": "Nombre: ",
  "No links": "Sin enlaces",
  "No parameters": "Sin parámetros",
  "Parameters": "Parámetros",
  "Request URL": "URL de la petición",
  "Request body": "Cuerpo de la petición",
  "Request duration": "Duración de la petición",
  "Reset": "Restablecer",
  "Response body": "Cuerpo de la respuesta",
  "Response headers": "Cabeceras de la respuesta",
  "Responses": "Respuestas",
  "Schema": "Esquema",
  "Schemas": "Esquemas",
  "Server response": "Respuesta del servidor",
  "Servers": "Servidores",
  "Show": "Mostrar",
  "Try it out ": "Probar",
  "Type": "Tipo",
  "Undocumented": "Sin documentar",
  "Value:": "Valor:",
  "required": "obligatorio",
};

const WORDS = new Map(Object.entries(SPANISH).map(([english, spanish]) => [english.trim(), spanish]));
const FOREIGN_TEXT = "pre, code, textarea, select, .markdown, .renderedMarkdown, .info, .opblock-summary-description";

function translate(node) {
  if (node.nodeType === Node.TEXT_NODE) {
    const spanish = WORDS.get(node.nodeValue.trim());
    if (spanish !== undefined && !node.parentElement?.closest(FOREIGN_TEXT)) {
      node.nodeValue = spanish;
    }
    return;
  }
  const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    translate(texts.currentNode);
  }
}

new MutationObserver((changes) => {
  for (const change of changes) {
    if (change.type === "characterData") {
      translate(change.target);
    }
    change.addedNodes.forEach(translate);
  }
}).observe(document.getElementById("swagger-ui"), { childList: true, characterData: true, subtree: true });
