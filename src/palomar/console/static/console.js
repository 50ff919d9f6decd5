// Scripts of all pages: the browser's time zone, lists that refresh while they are visible, choices that submit their form,
// and the export's progress. Everything else works without scripts.
"use strict";

// The server writes times in this zone, beginning with the next page.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.split("; ").includes(`palomar-zone=${zone}`)) {
  document.cookie = `palomar-zone=${zone}; Path=/console; Max-Age=31536000; SameSite=Lax`;
}

// Lists refresh only while the page is visible and no text is selected.
const mark = document.querySelector("[data-live-mark]");
const show = (state) => {
  if (mark && mark.dataset.liveMark !== state) {
    mark.dataset.liveMark = state;
    mark.textContent = mark.getAttribute(`data-say-${state}`);
  }
};
const mayRefreshLists = () => document.visibilityState === "visible" && String(getSelection()) === "";

document.addEventListener("htmx:before:request", (event) => {
  if (event.target.closest("[data-live]") && !mayRefreshLists()) {
    event.preventDefault();
    show("paused");
  }
});
document.addEventListener("htmx:after:swap", () => show("on"));
document.addEventListener("htmx:response:error", () => show("broken"));
document.addEventListener("htmx:error", () => show("broken"));
show("on");

// A choice submits its form at once; typed text waits for the button.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]") && event.target.value !== "between") {
    event.target.form.requestSubmit();
  }
});

// The export requests piece after piece, so that it shows its progress and can be stopped. Without this script the link is
// an ordinary download.
const link = document.querySelector("[data-export]");
if (link) {
  const panel = document.querySelector("[data-export-panel]");
  const part = (name) => panel.querySelector(`[data-export-${name}]`);
  let stop = null;

  const fetchPiece = async (url, signal) => {
    const response = await fetch(url, { signal, headers: { Accept: "text/csv" } });
    if (!response.ok || !response.headers.has("palomar-reached")) {
      throw new Error(`the export was answered ${response.status}`);
    }
    return response;
  };

  const save = (pieces, name) => {
    const url = URL.createObjectURL(new Blob(pieces, { type: "text/csv;charset=utf-8" }));
    const anchor = document.createElement("a");
    anchor.href = url;
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };

  link.addEventListener("click", async (event) => {
    event.preventDefault();
    if (stop) {
      return;
    }
    stop = new AbortController();
    panel.hidden = false;
    part("fault").hidden = true;
    const pieces = [];
    const url = new URL(link.href);
    url.searchParams.set("piece", "1");
    let count = 0;
    let name = "";
    try {
      for (;;) {
        const response = await fetchPiece(url, stop.signal);
        name ||= /filename="([^"]+)"/.exec(response.headers.get("content-disposition"))[1];
        pieces.push(await response.blob());
        count += Number(response.headers.get("palomar-count"));
        part("bar").value = Number(response.headers.get("palomar-reached"));
        part("count").textContent = count.toLocaleString(document.documentElement.lang);
        const older = response.headers.get("palomar-older");
        if (!older) {
          break;
        }
        url.searchParams.set("before", older);
      }
      save(pieces, name);
      panel.hidden = true;
    } catch (error) {
      panel.hidden = error.name === "AbortError";
      part("fault").hidden = panel.hidden;
    } finally {
      stop = null;
    }
  });
  part("stop").addEventListener("click", () => {
    stop?.abort();
    panel.hidden = true;
  });
}
