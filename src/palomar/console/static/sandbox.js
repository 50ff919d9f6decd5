// Scripts of the sandbox's page: parts of it refresh when the event stream names them, the screen stays scrolled to its end,
// requests can be copied, and the chosen dialect is remembered. Everything else works without scripts.
"use strict";

const sandbox = document.querySelector("[data-stream]");
const liveMark = document.querySelector("[data-live-mark]");
const showState = (state) => {
  if (liveMark.dataset.liveMark !== state) {
    liveMark.dataset.liveMark = state;
    liveMark.textContent = liveMark.getAttribute(`data-say-${state}`);
  }
};

// A part that changes while the page is hidden, while text is selected, or while a message is being written to the server,
// is requested afterwards.
const stale = new Set();
let isWriting = false;
const mayRefreshParts = () => !isWriting && document.visibilityState === "visible" && String(getSelection()) === "";
const refresh = () => {
  if (mayRefreshParts()) {
    stale.forEach((topic) => document.getElementById(topic)?.dispatchEvent(new Event(topic)));
    stale.clear();
  }
};
const changed = (...topics) => {
  topics.forEach((topic) => stale.add(topic));
  refresh();
};
document.addEventListener("selectionchange", refresh);

// There is one stream while the page is visible: a hidden page needs none, and browsers limit connections to a host.
let stream = null;
const RECONNECT_MS = 5000;
const open = () => {
  if (stream || document.visibilityState !== "visible") {
    return;
  }
  stream = new EventSource(sandbox.dataset.stream);
  stream.addEventListener("open", () => {
    showState("on");
    changed("phones", "calls"); // for what happened before it was open
  });
  stream.addEventListener("phones", () => changed("phones"));
  stream.addEventListener("calls", () => changed("calls"));
  stream.addEventListener("full", () => close("paused"));
  stream.addEventListener("error", () => {
    showState("broken");
    if (stream?.readyState === EventSource.CLOSED) {
      close("broken");
    }
  });
};
const close = (state) => {
  stream?.close();
  stream = null;
  showState(state);
  if (document.visibilityState === "visible") {
    setTimeout(() => {
      changed("phones", "calls"); // leads to the log-in if the session has ended
      open();
    }, RECONNECT_MS);
  }
};
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    open();
    refresh();
  } else {
    close("paused");
  }
});
window.addEventListener("pagehide", () => stream?.close());

// The newest message stays visible, unless somebody has scrolled up.
const screenOf = () => document.querySelector(".screen");
let isAtEnd = true;
const scrollToEnd = () => {
  const screen = screenOf();
  screen.scrollTop = screen.scrollHeight;
};
document.addEventListener("htmx:before:swap", () => {
  const screen = screenOf();
  isAtEnd = screen.scrollHeight - screen.scrollTop - screen.clientHeight < 60;
});
document.addEventListener("htmx:after:swap", () => isAtEnd && scrollToEnd());

// A message that was sent is cleared from the input; one that was refused stays, so that it can be corrected.
const isAnswer = (element) => element.matches?.(".answer");
document.addEventListener("htmx:before:request", (event) => {
  isWriting ||= isAnswer(event.target);
});
document.addEventListener("htmx:finally:request", (event) => {
  if (!isAnswer(event.target)) {
    return;
  }
  isWriting = false;
  if (event.detail.ctx.status === "swapped" && !document.querySelector(".phone-fault")) {
    event.target.elements.text.value = "";
    event.target.elements.text.focus();
  }
  refresh();
});

// Copies a request. Where the page may not write to the clipboard, it selects the request instead.
document.querySelectorAll("[data-copy]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.dataset.copied = "";
      setTimeout(() => delete button.dataset.copied, 1500);
    } catch {
      getSelection().selectAllChildren(code);
    }
  });
});

// Shows the dialect that was chosen last.
const remembered = localStorage.getItem("palomar-dialect");
document.querySelectorAll("[data-remember]").forEach((radio) => {
  radio.checked ||= radio.id === remembered;
  radio.addEventListener("change", () => localStorage.setItem("palomar-dialect", radio.id));
});

scrollToEnd();
open();
