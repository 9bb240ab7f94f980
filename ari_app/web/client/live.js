// Keeps the regions of a page as they are on the server: each message is the newest HTML of some of them.
// Says when what is shown is old, and since when; comes back by itself. The page keeps focus and half-typed text.
import { Idiomorph } from "idiomorph";
import "./desk.js";
import "./listen.js";
import "./scripts.js";

const SILENCE_MS = 25_000; // the server speaks every 10 s
const JUMP_MS = 15_000; // the machine slept
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
const LOGGED_OUT = 4401;
const RIGHTS_CHANGED = 4403;
const LOGIN = "/inloggen";

const build = document.getElementById("hello")?.dataset.build;
const line = () => document.getElementById("line");

/** @type {WebSocket | null} */
let socket = null;
let pause = FIRST_PAUSE_MS;
let retry = 0;
let heardAt = Date.now(); // by the clock of this machine
let lookedAt = Date.now();
let ahead = 0; // milliseconds by which this machine's clock is ahead of the server's
let isOld = false;

/** A moment of the server, as this page shows it. @param {number} at milliseconds of this machine's clock */
function clockOf(at) {
  const words = { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Amsterdam" };
  return `${new Date(at - ahead).toLocaleTimeString("nl-NL", words).replace(":", ".")} uur`;
}

/** @param {number} seconds */
function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}.${two(minutes)}.${two(whole % 60)}` : `${minutes}.${two(whole % 60)}`;
}

function count() {
  const now = Date.now() - ahead;
  const clock = document.getElementById("now");
  if (clock) clock.textContent = clockOf(Date.now());
  // On a wall nobody reads the small print: figures that are old stand still.
  if (document.body.dataset.board !== undefined && line().classList.contains("line--old")) return;
  for (const shown of document.querySelectorAll("[data-since]")) {
    const text = duration((now - Date.parse(shown.dataset.since)) / 1000);
    if (shown.textContent !== text) shown.textContent = text;
    if (shown.dataset.norm) {
      const seconds = (now - Date.parse(shown.dataset.since)) / 1000;
      shown.closest(".may-be-late")?.classList.toggle("is-late", seconds > Number(shown.dataset.norm));
    }
  }
}

function becomeOld() {
  if (isOld) return;
  isOld = true;
  const words = document.getElementById("no-connection").content.cloneNode(true);
  words.querySelector("[data-clock]").textContent = clockOf(heardAt);
  line().classList.add("line--old");
  line().replaceChildren(words);
}

/** The caller counts for more than the operator's own state, which says the same in fewer words. */
const said = () => ["card", "operator", "staff"].map((id) => document.getElementById(id)?.dataset.say).find(Boolean) ?? "";

/** Said to people who do not see the page: only what changed, and never twice. @param {string} before */
function say(before) {
  const now = said();
  if (now && now !== before) document.getElementById("status").textContent = now;
}

/** @param {string} html */
function show(html) {
  heardAt = Date.now();
  isOld = false;
  if (!html) return;
  const before = said();
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const region of [...parsed.body.children]) {
    const shown = document.getElementById(region.id);
    if (shown) Idiomorph.morph(shown, region.outerHTML, { morphStyle: "outerHTML", ignoreActiveValue: true });
  }
  const hello = parsed.getElementById("hello");
  if (hello) meet(hello);
  count();
  say(before);
  document.dispatchEvent(new Event("regions"));
}

/** @param {HTMLElement} hello */
function meet(hello) {
  ahead = Date.now() - Date.parse(hello.dataset.now);
  const isBusy = document.getElementById("operator")?.dataset.busy === "yes";
  const isTyping = [...document.querySelectorAll("input:not([type=checkbox]), textarea")].some((one) => one.value !== one.defaultValue);
  if (hello.dataset.build !== build && !isBusy && !isTyping) reload();
}

/** Nobody is there to press a key when a wallboard fails to load: it goes only when its new page is there. */
async function reload() {
  if (document.body.dataset.board === undefined) return location.reload();
  try {
    if ((await fetch(location.href)).status < 500) return location.reload();
  } catch {
    // No network, or the server is starting.
  }
  setTimeout(reload, LONGEST_PAUSE_MS);
}

function connect() {
  clearTimeout(retry);
  retry = 0;
  const mine = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${document.body.dataset.live}`);
  socket = mine;
  heardAt = Math.max(heardAt, lookedAt);
  const began = Date.now();
  mine.onmessage = ({ data }) => {
    if (mine !== socket) return;
    pause = FIRST_PAUSE_MS;
    show(data);
  };
  mine.onclose = ({ code }) => {
    if (mine !== socket) return;
    if (code === LOGGED_OUT && document.body.dataset.board !== undefined) return reload();
    if (code === LOGGED_OUT) return location.assign(`${LOGIN}?verder=${encodeURIComponent(location.pathname)}`);
    if (code === RIGHTS_CHANGED) return reload();
    socket = null;
    // A connection that breaks off at once is not tried faster and faster.
    if (Date.now() - began < FIRST_PAUSE_MS || code !== 1012) becomeOld();
    connectLater();
  };
}

function connectLater() {
  clearTimeout(retry);
  retry = setTimeout(connect, pause * (0.5 + Math.random()));
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
}

function giveUp() {
  const dead = socket;
  socket = null;
  if (dead) dead.close();
  becomeOld();
}

function look() {
  const now = Date.now();
  const slept = now - lookedAt > JUMP_MS;
  lookedAt = now;
  count();
  if (slept || now - heardAt > SILENCE_MS) {
    if (socket) {
      giveUp();
      pause = FIRST_PAUSE_MS;
      connectLater();
    }
  }
}

/** Another id for each click, so that a click which is sent twice is one command. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte, at) => ([4, 6, 8, 10].includes(at) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
}

/** A button of the desk. What it leads to comes with the regions; only what went wrong is said. */
async function command(form, button) {
  const body = new URLSearchParams(new FormData(form));
  if (button.name) body.set(button.name, button.value);
  body.set("id", newId());
  const answer = document.getElementById("answer");
  answer.textContent = "";
  delete answer.dataset.kind;
  button.setAttribute("aria-disabled", "true");
  try {
    const reply = await fetch(form.action, { method: "POST", headers: { Accept: "text/plain" }, body });
    if (reply.status === 401) {
      form.dataset.sending = "again"; // as a page: the login page keeps it, and sends it after the login
      return form.requestSubmit(button);
    }
    answer.textContent = reply.headers.get("Content-Type")?.startsWith("text/plain")
      ? await reply.text()
      : "Dit lukte niet. Laad de pagina opnieuw.";
    const kind = reply.headers.get("X-Answer") ?? "";
    answer.dataset.kind = kind;
    form.dispatchEvent(new CustomEvent("answered", { detail: kind, bubbles: true }));
  } catch {
    answer.textContent = "Geen verbinding. Het is niet zeker of dit gelukt is. Kijk wat er op het scherm verandert.";
  } finally {
    button.removeAttribute("aria-disabled");
    delete form.dataset.sending;
  }
}

addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-command]") || !event.submitter) return;
  if (form.dataset.sending === "again") return;
  event.preventDefault();
  if (form.dataset.sending) return;
  form.dataset.sending = "yes";
  command(form, event.submitter);
});
addEventListener("online", () => {
  pause = FIRST_PAUSE_MS;
  if (!socket) connect();
});
addEventListener("offline", () => {
  giveUp();
  connectLater();
});
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
connect();
count();
setInterval(look, 1000);
