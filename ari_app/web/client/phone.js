// The desk as a telephone: SIP over the page's own server, sound straight to Asterisk. Loaded when somebody chooses it.
// It registers, dials, mutes and chooses devices; whatever is done with a call is a button of the desk.
import JsSIP from "jssip";
import { Quality } from "./quality.js";
import { Sound, heardDevices } from "./sound.js";

const LOCK = "telefoon";
const GATHER_MS = 500; // after the first address: an adapter of a VPN may never answer
const TURN_GATHER_MS = 1500; // its server is asked over the internet, perhaps by TLS
const LOOK_MS = 100;
const QUALITY_MS = 3000;
const LOUD = 12; // of 100: somebody speaks
const SPOKE_MS = 1500; // for so long that it is said once
const OTHER_PAGE = 4409;
const LOGGED_OUT = 4401;
const RIGHTS_CHANGED = 4403;
const AGAIN_MS = 2000;
const MOST_TRIES = 30;
const FAREWELL_MS = 1500;
const LOCK_MS = 3000; // a page that is loaded anew waits for the one that it was
const SILENT_MS = 5000; // without sound for so long the line is dialled anew
const NAP_MS = 15000; // a clock that jumps so far: the computer slept
const TICK_MS = 5000;
const ON = "phone-on"; // in this tab, so that a page that is loaded anew goes on as the phone

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);
const say = (text) => (byId("status").textContent = text);
/** What went wrong, with what to do. @param {string} text */
const warn = (text) => (byId("answer").textContent = text);
const show = (text) => (byId("phone-state").textContent = text);

const WRONG = {
  NotAllowedError:
    "De microfoon is niet toegestaan. Klik links in de adresbalk op het slotje of de microfoon, sta de microfoon toe, en klik opnieuw.",
  NotFoundError: "Er is geen microfoon gevonden. Sluit uw headset aan, en klik opnieuw.",
  NotReadableError: "Een ander programma gebruikt de microfoon. Sluit dat programma, en klik opnieuw.",
  OverconstrainedError: "De gekozen microfoon is er niet. Kies bij Geluid een andere, en klik opnieuw.",
};
const NOT_SAFE = "Bellen met deze computer kan alleen op een beveiligde pagina (https). Vraag uw beheerder om hulp.";
const ELSEWHERE =
  "De telefoon staat al aan in een ander tabblad van deze browser. Ga naar dat tabblad, of sluit het en klik opnieuw.";
const IS_ON = "De telefoon staat aan. Laat dit tabblad open.";
const NO_ANSWER = "De telefonie antwoordt niet. Probeer het opnieuw, of bel 1400 met een telefoon.";

/** @type {Sound | null} */
let sound = null;
let phone = null; // JsSIP's agent
let line = null; // its call to 1400
let wasAway = false; // the socket, since it was registered last
let letGo = () => {}; // of the lock
let isMuted = false;
let wasLoudAt = 0;
let saidMuted = false;
let talk = "";

/**
 * Somebody clicked: the browser lets a page ask for the microphone and make sound only then. Or this page was the phone
 * before it was loaded anew: then nobody has to click.
 * @param {boolean} goesOn
 */
export async function signOn(goesOn = false) {
  if (phone || isTrying || isStarting) return;
  warn("");
  if (!isSecureContext || !navigator.mediaDevices || !navigator.locks) return warn(NOT_SAFE);
  isStarting = true;
  isMuted = false;
  byId("phone-on").setAttribute("aria-disabled", "true");
  show("De telefoon wordt aangezet…");
  try {
    if (!(await takeLock(goesOn))) return stop(ELSEWHERE);
    sound = await Sound.open(onLost);
    await fillDevices();
    const reply = await fetch("/computer", { method: "POST", body: new URLSearchParams() });
    if (reply.redirected || reply.status === 401) return location.reload();
    if (!reply.ok) return stop(reply.headers.get("Content-Type")?.startsWith("text/plain") ? await reply.text() : NO_ANSWER);
    register(await reply.json());
  } catch (error) {
    stop(WRONG[error.name] ?? NO_ANSWER);
  } finally {
    isStarting = false;
    byId("phone-on").removeAttribute("aria-disabled");
  }
}
let isStarting = false;

/** One phone in each browser: a second one would ring nowhere. @param {boolean} waits for the page that this one was */
function takeLock(waits) {
  return new Promise((answer) => {
    const how = waits ? { signal: AbortSignal.timeout(LOCK_MS) } : { ifAvailable: true };
    const held = (lock) => {
      answer(lock !== null);
      return lock && new Promise((done) => (letGo = done));
    };
    navigator.locks.request(LOCK, how, held).catch(() => answer(false));
  });
}

function register({ name, password, domain, dials, iceServers }) {
  const socket = new JsSIP.WebSocketInterface(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/sip`);
  phone = new JsSIP.UA({ sockets: [socket], uri: `sip:${name}@${domain}`, password, session_timers: false, user_agent: "desk", connection_recovery_min_interval: 1 });
  phone.on("registered", () => {
    if (!line) return dial(`sip:${dials}@${domain}`, iceServers);
    if (!wasAway) return;
    wasAway = false;
    // Asterisk may have ended the call while nobody heard it; asked anew, it says so.
    findAnotherWay();
    show(IS_ON);
  });
  phone.on("registrationFailed", again); // Asterisk was started anew, and is given this account by another name
  phone.on("disconnected", ({ code }) => {
    wasAway = true;
    if (code === OTHER_PAGE) stop("Uw telefoon staat nu in een ander venster aan.");
    else if (code === LOGGED_OUT || code === RIGHTS_CHANGED) stop("");
    else if (phone && line?.isEnded()) again();
    else if (phone) show("De verbinding is even weg. Uw gesprek gaat door; de telefoon verbindt opnieuw.");
  });
  phone.on("newRTCSession", ({ originator, session }) => originator === "remote" && session.terminate());
  phone.start();
}

/** A browser that keeps its address to itself writes 0.0.0.0, which to Asterisk is a line on hold; ICE finds the way. */
function withAddress(said) {
  if (said.originator === "local") said.sdp = said.sdp.replaceAll("c=IN IP4 0.0.0.0", "c=IN IP4 127.0.0.1");
}

function dial(target, iceServers) {
  let gathered = 0;
  line = phone.call(target, {
    mediaStream: sound.spoken,
    pcConfig: { iceServers },
    eventHandlers: {
      peerconnection: ({ peerconnection }) => {
        peerconnection.addEventListener("track", ({ track }) => sound?.hear(new MediaStream([track]), peerconnection));
        peerconnection.addEventListener("connectionstatechange", () => watchSound(peerconnection));
      },
      sdp: withAddress,
      icecandidate: ({ ready }) => (gathered ||= setTimeout(ready, iceServers.length ? TURN_GATHER_MS : GATHER_MS)),
      confirmed: begin,
      ended,
      failed: () => phone && stop(NO_ANSWER),
    },
  });
}

/** A network that changed: the sound finds another way, or there is another line. */
function watchSound(connection) {
  if (connection !== line?.connection) return;
  clearTimeout(silent);
  if (connection.connectionState !== "disconnected" && connection.connectionState !== "failed") return;
  findAnotherWay();
  silent = setTimeout(() => line && connection === line.connection && again(), SILENT_MS);
}
let silent = 0;

function findAnotherWay() {
  if (line?.isEstablished() && phone?.isConnected()) line.renegotiate({ rtcOfferConstraints: { iceRestart: true } });
}

/** Hung up by the exchange: the operator is logged out, unless its socket goes as well: then it was stopped. */
function ended({ originator, cause }) {
  if (!phone) return;
  if (originator === "remote" && cause === JsSIP.C.causes.BYE) hungUp = setTimeout(stop, FAREWELL_MS, "");
  else again(); // a line that broke, and nobody had said so
}
let hungUp = 0;

/** A new account, and a new line: as a click, but nobody has to give it. */
async function again() {
  if (isTrying) return;
  isTrying = true;
  show("De telefoon verbindt opnieuw…");
  hangUp();
  for (let left = MOST_TRIES; sound && left > 0; left -= 1) {
    const reply = await fetch("/computer", { method: "POST", body: new URLSearchParams() }).catch(() => null);
    if (reply?.redirected || reply?.status === 401) break;
    if (reply?.ok && sound) {
      isTrying = false;
      return register(await reply.json());
    }
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
  isTrying = false;
  if (sound) stop(NO_ANSWER);
}
let isTrying = false;

function hangUp() {
  const [agent, call] = [phone, line];
  phone = line = null;
  clearTimeout(hungUp);
  clearTimeout(silent);
  clearInterval(looking);
  clearInterval(measuring);
  if (call && !call.isEnded()) call.terminate();
  agent?.stop();
}

function begin() {
  sessionStorage.setItem(ON, "yes");
  byId("phone").dataset.on = "yes";
  byId("phone-panel").hidden = false;
  byId("phone-begin").hidden = true;
  show(IS_ON);
  say("De telefoon staat aan.");
  mute(isMuted, "");
  looking = setInterval(look, LOOK_MS);
  const quality = new Quality();
  byId("phone-quality").textContent = "";
  measuring = setInterval(measure, QUALITY_MS, quality, line.connection);
}
let looking = 0;
let measuring = 0;

/** Said when it changes, and shown all the time. */
async function measure(quality, connection) {
  try {
    const { text, isNews } = await quality.measure(connection);
    if (connection !== line?.connection) return;
    byId("phone-quality").textContent = text;
    if (isNews) say(text);
  } catch {
    // The line ended this moment.
  }
}

/** @param {string} why what went wrong; nothing when it was meant */
function stop(why) {
  sessionStorage.removeItem(ON);
  hangUp();
  sound?.close();
  sound = null;
  letGo();
  letGo = () => {};
  if (byId("phone-panel").contains(document.activeElement)) byId("phone-title").focus();
  byId("phone-panel").hidden = true;
  byId("phone-begin").hidden = false;
  delete byId("phone").dataset.on;
  show("De telefoon staat uit.");
  if (why) warn(why);
  else say("De telefoon staat uit.");
}

/** @param {boolean} wanted @param {string} words */
function mute(wanted, words) {
  isMuted = wanted;
  saidMuted = false;
  sound.mute(wanted);
  const button = byId("phone-mute");
  button.dataset.muted = wanted ? "yes" : "no";
  byId("phone-mute-text").textContent = wanted ? "Microfoon staat uit: aanzetten" : "Microfoon uitzetten";
  byId("phone-muted").textContent = wanted ? "De beller hoort u niet." : "";
  if (words) say(words);
}

/** Levels of both sides, and a word to somebody who speaks with the microphone off. */
function look() {
  const own = sound.ownLevel();
  byId("phone-own").value = own;
  byId("phone-other").value = sound.otherLevel();
  const now = Date.now();
  if (!isMuted || own < LOUD) wasLoudAt = now;
  else if (now - wasLoudAt > SPOKE_MS && !saidMuted) {
    saidMuted = true;
    byId("phone-muted").textContent = "U praat, maar uw microfoon staat uit.";
    say("U praat, maar uw microfoon staat uit.");
  }
}

/** A microphone that is off stays off for this talk only. */
function regionsChanged() {
  const { call } = byId("card").dataset;
  if (!line || call === talk) return;
  talk = call ?? "";
  if (!talk) return;
  if (isMuted) mute(false, "Uw microfoon staat weer aan.");
  sound.alert();
}

function onLost() {
  warn("Uw microfoon is weg. Sluit uw headset weer aan, of kies bij Geluid een andere microfoon.");
}

async function fillDevices() {
  byId("phone-volume").value = Math.round(sound.speaker.volume * 100);
  for (const [id, kind, first] of [
    ["phone-mic", "audioinput", ""],
    ["phone-speech", "audiooutput", ""],
    ["phone-alert", "audiooutput", "Geen apart signaal"],
  ]) {
    const select = byId(id);
    const options = await heardDevices(kind);
    if (!sound) return; // put off meanwhile
    if (first) options.unshift({ id: "", name: first });
    select.closest(".utrecht-form-field").hidden = options.length === 0;
    select.replaceChildren(...options.map(({ id: value, name }) => new Option(name, value)));
    select.value = sound.chosen(id) ?? options[0]?.id ?? "";
  }
}

async function choose({ target }) {
  try {
    await sound.choose(target.id, target.value);
    if (target.id === "phone-speech") byId("phone-lost").hidden = true;
    warn("");
  } catch (error) {
    warn(WRONG[error.name] ?? "Dit apparaat werkt niet. Kies een ander.");
  }
}

async function test() {
  const button = byId("phone-test");
  button.setAttribute("aria-disabled", "true");
  try {
    show("Spreek nu drie tellen. Daarna hoort u uzelf.");
    say("Spreek nu drie tellen. Daarna hoort u uzelf.");
    await sound.test();
    show("Hoorde u de toon en uzelf? Dan is het geluid goed. Zo niet: kies een ander apparaat.");
  } catch (error) {
    if (sound) warn(WRONG[error.name] ?? "De test lukt niet met dit apparaat. Kies een ander apparaat, en test opnieuw.");
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

byId("phone-mute").addEventListener("click", () =>
  mute(!isMuted, isMuted ? "Uw microfoon staat aan." : "Uw microfoon staat uit. De beller hoort u niet."),
);
byId("phone-keys").addEventListener("click", ({ target }) => {
  const { value } = target.closest("button") ?? {};
  if (value && line?.isEstablished()) line.sendDTMF(value, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833 });
});
byId("phone-test").addEventListener("click", test);
for (const id of ["phone-mic", "phone-speech", "phone-alert"]) byId(id).addEventListener("change", choose);
document.addEventListener("regions", regionsChanged);
async function devicesChanged() {
  if (!sound) return;
  await fillDevices();
  const isLost = await sound?.isOutputLost();
  if (isLost && byId("phone-lost").hidden) warn("Uw headset is weg: u hoort de beller nu niet. Sluit hem weer aan, of kies bij Bellen met deze computer.");
  else if (!isLost && !byId("phone-lost").hidden) warn("");
  byId("phone-lost").hidden = !isLost;
}

async function hearHere() {
  await sound?.hearHere();
  warn("");
  byId("phone-lost").hidden = true;
  byId("phone-mute").focus(); // the button is gone
}

navigator.mediaDevices?.addEventListener("devicechange", () => devicesChanged().catch(() => {}));
byId("phone-here").addEventListener("click", () => hearHere().catch(() => warn("Dit apparaat werkt niet. Kies een ander.")));
byId("phone-volume").addEventListener("input", ({ target }) => sound?.setVolume(Number(target.value)));
addEventListener("beforeunload", (event) => {
  if (line && byId("operator")?.dataset.busy === "yes") event.preventDefault();
});
// Says goodbye, so that the caller hears music at once; the page that comes next goes on where this one stopped.
addEventListener("pagehide", hangUp);
addEventListener("online", findAnotherWay);
let tickedAt = Date.now();
setInterval(() => {
  if (Date.now() - tickedAt > NAP_MS) findAnotherWay();
  tickedAt = Date.now();
}, TICK_MS);
