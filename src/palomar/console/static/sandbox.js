// The sandbox: pieces of the page look again when the stream says that something of theirs has changed, the screen stays
// at its end, requests are copied, and the tabs that were chosen are remembered. Everything else works without it.
"use strict";

const sandbox = document.querySelector("[data-stream]");
const liveMark = document.querySelector("[data-live-mark]");
const say = (state) => {
  if (liveMark.dataset.liveMark !== state) {
    liveMark.dataset.liveMark = state;
    liveMark.textContent = liveMark.getAttribute(`data-say-${state}`);
  }
};

// A piece that changes while nobody looks, under a selection that is being made, or while an answer is on its way, is
// asked for afterwards.
const stale = new Set();
let isWriting = false;
const isFree = () => !isWriting && document.visibilityState === "visible" && String(getSelection()) === "";
const refresh = () => {
  if (isFree()) {
    stale.forEach((topic) => document.getElementById(topic)?.dispatchEvent(new Event(topic)));
    stale.clear();
  }
};
const changed = (...topics) => {
  topics.forEach((topic) => stale.add(topic));
  refresh();
};
document.addEventListener("selectionchange", refresh);

// One stream while the page is seen: a hidden page needs none, and browsers have few connections to a host.
let stream = null;
const AGAIN_MS = 5000;
const open = () => {
  if (stream || document.visibilityState !== "visible") {
    return;
  }
  stream = new EventSource(sandbox.dataset.stream);
  stream.addEventListener("open", () => {
    say("on");
    changed("phones", "calls"); // what happened before it was open
  });
  stream.addEventListener("phones", () => changed("phones"));
  stream.addEventListener("calls", () => changed("calls"));
  stream.addEventListener("full", () => close("paused"));
  stream.addEventListener("error", () => {
    say("broken");
    if (stream?.readyState === EventSource.CLOSED) {
      close("broken");
    }
  });
};
const close = (state) => {
  stream?.close();
  stream = null;
  say(state);
  if (document.visibilityState === "visible") {
    setTimeout(() => {
      changed("phones", "calls"); // leads to the log-in, where the session has ended
      open();
    }, AGAIN_MS);
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

// The newest message is in sight, unless somebody has scrolled up to read.
const screenOf = () => document.querySelector(".screen");
let isAtEnd = true;
const toEnd = () => {
  const screen = screenOf();
  screen.scrollTop = screen.scrollHeight;
};
document.addEventListener("htmx:before:swap", () => {
  const screen = screenOf();
  isAtEnd = screen.scrollHeight - screen.scrollTop - screen.clientHeight < 60;
});
document.addEventListener("htmx:after:swap", () => isAtEnd && toEnd());

// What was written is gone from the line, which is ready for more; what was refused stays, to be mended.
const isAnswer = (element) => element.matches?.(".answer");
document.addEventListener("htmx:before:request", (event) => {
  isWriting ||= isAnswer(event.target);
});
document.addEventListener("htmx:finally:request", (event) => {
  if (!isAnswer(event.target)) {
    return;
  }
  isWriting = false;
  if (event.detail.ctx.status === "swapped" && !document.querySelector(".phone-said")) {
    event.target.elements.text.value = "";
    event.target.elements.text.focus();
  }
  refresh();
});

// Copying. Where the page may not write to the clipboard the request is selected, ready to be copied by hand.
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

// The dialect that was chosen last is the one that is shown.
const remembered = localStorage.getItem("palomar-dialect");
document.querySelectorAll("[data-remember]").forEach((radio) => {
  radio.checked ||= radio.id === remembered;
  radio.addEventListener("change", () => localStorage.setItem("palomar-dialect", radio.id));
});

toEnd();
open();
