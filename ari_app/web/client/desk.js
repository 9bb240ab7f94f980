// What a person does on the desk: typing while calls come and go, searching, keys. Nothing here moves the focus by itself.
import { Idiomorph } from "idiomorph";
import { ask, soon } from "./typing.js";

const SEARCH_MS = 80; // after the last letter
const CHECK_MS = 200;
const KEYS_OFF = "keys-off";

const card = () => document.getElementById("card");
/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

// --- drafts: what is typed belongs to one call, and is kept until it was sent ---

/** @param {HTMLFormElement} form */
const typed = (form) => [...form.elements].filter((one) => one.name && one.name !== "gesprek" && one.type !== "submit");
/** @param {HTMLFormElement} form */
const textOf = (form) => JSON.stringify(typed(form).map((one) => [one.name, one.value]));
/** @param {HTMLFormElement} form @param {string} call */
const keyOf = (form, call) => `draft ${form.id} ${call}`;

/** @param {HTMLFormElement} form @param {{call: string, at: string, town: string, number?: string}} about */
function attach(form, about) {
  form.dataset.call = about.call;
  form.dataset.about = JSON.stringify(about);
  form.elements.gesprek.value = about.call;
  form.reset();
  form.elements.gesprek.value = about.call;
  forWhom(form, "", "");
  if (form.elements.nummer) form.elements.nummer.value = form.elements.nummer.defaultValue = about.number ?? "";
  form.dataset.clean = textOf(form);
  const kept = sessionStorage.getItem(keyOf(form, about.call));
  if (kept) {
    const { values, name } = JSON.parse(kept);
    const wanted = Object.fromEntries(values);
    if (wanted.wie) forWhom(form, wanted.wie, name);
    for (const field of typed(form)) if (field.name in wanted) field.value = wanted[field.name];
  }
  if (form.elements.nummer) checkSoon();
}

/** @param {HTMLFormElement} form */
function keep(form) {
  if (!form.dataset.call) return;
  const key = keyOf(form, form.dataset.call);
  if (textOf(form) === form.dataset.clean) return sessionStorage.removeItem(key);
  const name = form.elements.voor?.selectedOptions[0]?.textContent ?? "";
  const about = JSON.parse(form.dataset.about);
  sessionStorage.setItem(key, JSON.stringify({ values: JSON.parse(textOf(form)), name, about }));
}

function callNow() {
  const { call, at, town, number } = card().dataset;
  return call ? { call, at, town, number } : null;
}

/** A form goes to the new call, unless somebody is writing in it: then it stays, and says whose it is. */
function followCall() {
  const now = callNow();
  for (const hidden of document.querySelectorAll("[data-follows-call]")) hidden.value = now?.call ?? "";
  for (const form of document.querySelectorAll("form[data-draft]")) {
    const isDirty = form.dataset.call && textOf(form) !== form.dataset.clean;
    if (now && form.dataset.call !== now.call && !isDirty && !form.contains(document.activeElement)) attach(form, now);
    else if (now && !form.dataset.call) attach(form, now);
    describe(form, now);
  }
}

/** @param {HTMLFormElement} form @param {{call: string} | null} now */
function describe(form, now) {
  const shown = form.querySelector("[data-about]");
  const about = form.dataset.about ? JSON.parse(form.dataset.about) : null;
  const others = Object.keys(sessionStorage)
    .filter((key) => key.startsWith(`draft ${form.id} `) && key !== keyOf(form, form.dataset.call ?? ""))
    .map((key) => JSON.parse(sessionStorage.getItem(key)).about);
  if (now && now.call !== form.dataset.call && !others.some(({ call }) => call === now.call)) others.unshift(now);
  const said = JSON.stringify([about, others.map(({ call }) => call)]);
  if (shown.dataset.said === said) return;
  shown.dataset.said = said;
  shown.replaceChildren(about ? `Bij het gesprek van ${about.at}${about.town ? `, ${about.town}` : ""}. ` : "");
  for (const other of others) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "nl-button nl-button--subtle" });
    button.textContent = `Naar het gesprek van ${other.at}${other.town ? `, ${other.town}` : ""}`;
    button.addEventListener("click", () => {
      keep(form);
      attach(form, other);
      describe(form, callNow());
      typed(form).find((one) => one.type !== "hidden")?.focus();
    });
    shown.append(button);
  }
}

/** @param {HTMLFormElement} form @param {string} entry @param {string} name */
function forWhom(form, entry, name) {
  if (!form.elements.wie) return;
  const option = form.elements.voor.querySelector('[value="ander"]');
  form.elements.wie.value = entry;
  option.hidden = option.disabled = !entry;
  if (entry) option.textContent = name;
  form.elements.voor.value = entry ? "ander" : "team";
}

// --- search and checks while somebody types ---

/** @param {string} path @param {URLSearchParams} body @param {string} place @param {{abort?: AbortController}} last */
function fill(path, body, place, last) {
  ask(path, body, last, (html) => {
    Idiomorph.morph(byId(place), html, { morphStyle: "outerHTML" });
    applyKeys();
  });
}

const searching = {};
const checking = {};
const find = () => {
  const text = byId("zoek").value;
  if (text.trim()) fill("/nummerplan", new URLSearchParams({ zoek: text, deel: "1" }), "found", searching);
  else byId("found").replaceChildren();
};
const findSoon = soon(find, SEARCH_MS);
const check = () => {
  const { nummer, gesprek } = byId("promise").elements;
  const body = new URLSearchParams({ nummer: nummer.value, gesprek: gesprek.value });
  fill("/terugbellen/controle", body, "callback-check", checking);
};
const checkSoon = soon(check, CHECK_MS);

// --- keys: a letter with Alt and Shift, which can be switched off (WCAG 2.1.4) ---

function areKeysOn() {
  return localStorage.getItem(KEYS_OFF) === null;
}

/** Nothing announces a key that does not work. */
function applyKeys() {
  document.documentElement.dataset.keys = areKeysOn() ? "on" : "off";
  if (areKeysOn()) return;
  for (const one of document.querySelectorAll("[aria-keyshortcuts]")) {
    one.dataset.key = one.getAttribute("aria-keyshortcuts");
    one.removeAttribute("aria-keyshortcuts");
  }
}

addEventListener("keydown", (event) => {
  if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey || !areKeysOn()) return;
  const letter = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
  if (!letter || document.querySelector("dialog[open]")) return;
  const target = document.querySelector(`[aria-keyshortcuts="Alt+Shift+${letter}"]`);
  if (!target) return;
  event.preventDefault();
  if (event.repeat) return;
  if (target.matches("button")) return target.click();
  target.focus();
  target.select?.();
});

// --- all of it together ---

let searchedFor = "";
function regionsChanged() {
  followCall();
  applyKeys();
  const state = `${card().dataset.call} ${card().dataset.search}`;
  if (state === searchedFor) return;
  searchedFor = state;
  if (byId("zoek").value.trim()) find();
  checkSoon();
}

/** What somebody typed outlives their login, so that they find it again; the next person in this tab does not. */
function forgetOthers() {
  const { owner } = document.querySelector("[data-owner]").dataset;
  if (sessionStorage.getItem("owner") === owner) return;
  sessionStorage.clear();
  sessionStorage.setItem("owner", owner);
}

/** The phone is a fourth of a megabyte: only somebody who wants it loads it. */
async function signOn(goesOn = false) {
  try {
    const phone = await import(byId("phone").dataset.script);
    await phone.signOn(goesOn);
  } catch {
    byId("answer").textContent = "De telefoon kon niet worden geladen. Laad de pagina opnieuw, en probeer het nog eens.";
  }
}

function begin() {
  forgetOthers();
  document.addEventListener("regions", regionsChanged);
  document.addEventListener("input", ({ target }) => {
    const form = target.closest?.("form[data-draft]");
    if (form) {
      keep(form);
      describe(form, callNow());
    }
    if (target.id === "zoek") findSoon();
    if (target.id === "nummer") checkSoon();
  });
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    find();
  });
  // What was sent is no draft any more; what was refused stays, to be mended.
  document.addEventListener("answered", ({ target, detail }) => {
    if (!target.matches("form[data-draft]") || detail !== "done") return;
    sessionStorage.removeItem(keyOf(target, target.dataset.call));
    if (target.id === "promise") attach(target, callNow() ?? JSON.parse(target.dataset.about));
    else target.dataset.clean = textOf(target);
    describe(target, callNow());
  });
  document.addEventListener("click", ({ target }) => {
    const chosen = target.closest?.("[data-callback-for]");
    if (!chosen) return;
    const form = byId("promise");
    forWhom(form, chosen.dataset.callbackFor, chosen.dataset.name);
    if (chosen.dataset.subject && !form.elements.onderwerp.value) form.elements.onderwerp.value = chosen.dataset.subject;
    keep(form);
    form.elements.onderwerp.focus();
  });
  byId("keys-on").checked = areKeysOn();
  byId("keys-on").addEventListener("change", ({ target }) => {
    if (target.checked) {
      localStorage.removeItem(KEYS_OFF);
      for (const one of document.querySelectorAll("[data-key]")) one.setAttribute("aria-keyshortcuts", one.dataset.key);
    } else localStorage.setItem(KEYS_OFF, "yes");
    applyKeys();
  });
  byId("phone-on")?.addEventListener("click", () => signOn());
  if (byId("phone-on") && sessionStorage.getItem("phone-on")) signOn(true);
  byId("keys-open").addEventListener("click", () => byId("keys").showModal());
  byId("keys-close").addEventListener("click", () => byId("keys").close());
  regionsChanged();
}

if (document.getElementById("card")) begin();
