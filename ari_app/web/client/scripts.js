// Answers on the desk: found while somebody types, and read without leaving the page. Its forms work without this, too.
import { Idiomorph } from "idiomorph";
import { ask, soon } from "./typing.js";

const SEARCH_MS = 80; // after the last letter
/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

/** @type {Record<string, {abort?: AbortController}>} */
const last = { "scripts-found": {}, "script-open": {} };
let shownFor = "";
let lastCall = "";

/** @param {string} path @param {URLSearchParams} body @param {string} place @param {() => void} [then] */
function fill(path, body, place, then) {
  body.set("deel", "1");
  return ask(path, body, last[place], (html) => {
    Idiomorph.morph(byId(place), html, { morphStyle: "outerHTML" });
    numbers();
    then?.();
  });
}

/** A number is the key of one thing: of a choice while a script is open, and else of a line in the list. */
function numbers() {
  const isWalking = document.querySelector("#script-open [data-number]") !== null;
  const areOn = document.documentElement.dataset.keys !== "off";
  for (const button of document.querySelectorAll("#scripts-found [data-number]")) {
    const hasKey = areOn && !isWalking;
    if (hasKey) button.setAttribute("aria-keyshortcuts", `Alt+Shift+${button.dataset.number}`);
    else button.removeAttribute("aria-keyshortcuts");
    button.querySelector(".key").hidden = !hasKey;
  }
}

const find = (isDone = false) => {
  const body = new URLSearchParams({ zoek: byId("vraag").value });
  if (isDone) body.set("klaar", "1");
  return fill("/antwoorden/zoek", body, "scripts-found");
};

/** The list is that of the call. Another call closes what was read to the last one, unless somebody types there. */
function follow() {
  const call = byId("card").dataset.call ?? "";
  if (call === shownFor) return;
  const isAnother = call !== "" && call !== lastCall;
  shownFor = call;
  lastCall = call || lastCall;
  if (isAnother && !document.activeElement?.matches("#scripts input, #scripts select")) {
    byId("vraag").value = "";
    const closed = document.createElement("div");
    closed.id = "script-open";
    byId("script-open").replaceWith(closed);
  }
  find();
}

/** The subject of the call is that of the script, in the wrap-up form as well. @param {HTMLElement} script */
function subject(script) {
  const { subject: code, subjectName: name, chosen } = script.dataset;
  const list = byId("wrap-up-onderwerp");
  if (!code) return;
  if (chosen !== "yes") {
    if (list.value === code) list.value = "";
    return;
  }
  if (![...list.options].some((one) => one.value === code)) list.add(new Option(name, code));
  list.value = code;
  list.dispatchEvent(new Event("input", { bubbles: true }));
}

function begin() {
  document.addEventListener("regions", follow);
  const findSoon = soon(() => find(), SEARCH_MS);
  byId("vraag").addEventListener("input", () => {
    // Until the list is that of what was typed, no key opens a line of it.
    for (const button of document.querySelectorAll("#scripts-found [data-number]")) button.removeAttribute("aria-keyshortcuts");
    findSoon();
  });
  byId("vraag").addEventListener("change", () => find(true));
  byId("scripts-find").addEventListener("submit", (event) => {
    event.preventDefault();
    find(true);
  });
  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-part]")) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    if (event.submitter?.name) body.set(event.submitter.name, event.submitter.value);
    const before = byId("script-open").dataset.script;
    fill(form.getAttribute("action"), body, form.dataset.part, () => {
      if (byId("script-open").dataset.script !== before) byId("script-title").focus();
    });
  });
  document.addEventListener("answered", ({ target, detail }) => {
    if (!target.matches("[data-choose]") || detail !== "done") return;
    const script = byId("script-open");
    const body = new URLSearchParams({ antwoord: script.dataset.script, stap: script.dataset.walked });
    fill("/antwoorden/lees", body, "script-open", () => subject(byId("script-open")));
  });
  follow();
  if (!shownFor) find();
}

if (byId("scripts")) begin();
