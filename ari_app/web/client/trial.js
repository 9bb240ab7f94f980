// A citizen's phone, to try the system with: a click on a number is a call, and what is said is shown as it is heard.
import JsSIP from "jssip";
import { Sound } from "./sound.js";

const GATHER_MS = 500; // after the first address: an adapter of a VPN may never answer
const LOOK_MS = 100;
const AGAIN_MS = 1000;
const LONGEST_WAIT_MS = 60000;
const RING_MS = 5000; // one second of tone in five
const RING_HZ = 425;

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);
/** @param {string} text */
const show = (text) => (byId("state").textContent = text);
/** @param {string} text */
const warn = (text) => (byId("answer").textContent = text);
const socketTo = (path) => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;

const WRONG = {
  NotAllowedError:
    "De microfoon is niet toegestaan. Klik links in de adresbalk op het slotje of de microfoon, sta de microfoon toe, en klik opnieuw.",
  NotFoundError: "Er is geen microfoon gevonden. Sluit een headset aan, en klik opnieuw.",
  NotReadableError: "Een ander programma gebruikt de microfoon. Sluit dat programma, en klik opnieuw.",
};
const NO_ANSWER = "De telefonie antwoordt niet. Draait make run nog? Laad de pagina opnieuw.";
const FAILED = { 403: "Dit nummer kunt u hier niet bellen.", 404: "Dit nummer kunt u hier niet bellen.", 486: "U hoort de bezettoon." };

/** @type {Sound | null} */
let sound = null;
let phone = null; // JsSIP's agent
let call = null;
let shown = ""; // the Call-ID of the call whose story is on the page
let isTold = false; // by the server, how it ended
let isStarting = false;

/** Somebody clicked: a browser lets a page ask for the microphone and make sound only then. @param {string} number */
async function dial(number) {
  if (call || isStarting) return;
  isStarting = true;
  warn("");
  show("Verbinding maken…");
  try {
    sound ??= await Sound.open(() => warn("Uw microfoon is weg. Sluit uw headset weer aan, en bel opnieuw."));
    phone ??= await connect();
    begin(number);
  } catch (error) {
    show("Niet verbonden.");
    warn(WRONG[error.name] ?? NO_ANSWER);
  } finally {
    isStarting = false;
  }
}

/** It registers nowhere, for nobody calls it. Rejects when Asterisk cannot be reached. */
async function connect() {
  const reply = await fetch("/probeer", { method: "POST", body: new URLSearchParams() });
  if (!reply.ok) throw new Error(String(reply.status));
  const { name, password, domain } = await reply.json();
  const made = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(socketTo("/probeer/sip"))],
    uri: `sip:${name}@${domain}`,
    password,
    register: false,
    session_timers: false,
    user_agent: "probeer",
  });
  made.on("newRTCSession", ({ originator, session }) => originator === "remote" && session.terminate());
  return new Promise((done, failed) => {
    made.once("connected", () => done(made));
    made.on("disconnected", () => {
      failed(new Error("disconnected"));
      if (phone !== made) return made.stop();
      phone = null;
      made.stop();
      end("De verbinding met de telefonie is weg.");
    });
    made.start();
  });
}

/** A browser that keeps its address to itself writes 0.0.0.0, which to Asterisk is a line on hold; ICE finds the way. */
function withAddress(said) {
  if (said.originator === "local") said.sdp = said.sdp.replaceAll("c=IN IP4 0.0.0.0", "c=IN IP4 127.0.0.1");
}

/** @param {string} number */
function begin(number) {
  let gathered = 0;
  byId("heard").replaceChildren();
  byId("heard-none").hidden = true;
  isTold = false;
  call = phone.call(`sip:${number}@${phone.configuration.uri.host}`, {
    mediaStream: sound.spoken,
    pcConfig: { iceServers: [] },
    eventHandlers: {
      peerconnection: ({ peerconnection }) =>
        peerconnection.addEventListener("track", ({ track }) =>
          sound?.hear(new MediaStream([track]), peerconnection)?.catch(() => warn("Het geluid kan niet worden afgespeeld.")),
        ),
      sdp: withAddress,
      icecandidate: ({ ready }) => (gathered ||= setTimeout(ready, GATHER_MS)),
      sending: ({ request }) => (shown = request.call_id),
      progress: ({ response }) => (response?.body ? stopRinging() : ring()),
      confirmed: stopRinging,
      ended: () => end("Het gesprek is afgelopen."),
      failed: ({ message }) => end(FAILED[message?.status_code] ?? "Het gesprek is afgelopen."),
    },
  });
  enable(true);
  looking = setInterval(look, LOOK_MS);
}
let looking = 0;

/** @param {string} words unless the server has said more */
function end(words) {
  const was = call;
  call = null;
  stopRinging();
  clearInterval(looking);
  byId("own").value = byId("other").value = 0;
  if (byId("hang-up") === document.activeElement) byId("call-title").focus();
  enable(false);
  if (was && !isTold) show(words);
}

/** @param {boolean} isOn */
function enable(isOn) {
  for (const one of document.querySelectorAll("[data-key], #hang-up")) one.setAttribute("aria-disabled", String(!isOn));
  for (const one of document.querySelectorAll("[data-dials]")) one.setAttribute("aria-disabled", String(isOn));
}

function look() {
  byId("own").value = sound.ownLevel();
  byId("other").value = sound.otherLevel();
}

// --- the ringing that a telephone makes by itself ---

let ringing = null;

function ring() {
  if (ringing || !call) return;
  show("De telefoon gaat over.");
  const { context } = sound;
  const [tone, volume] = [context.createOscillator(), context.createGain()];
  tone.frequency.value = RING_HZ;
  volume.gain.value = 0;
  const sounds = () => {
    volume.gain.setValueAtTime(0.1, context.currentTime);
    volume.gain.setValueAtTime(0, context.currentTime + 1);
  };
  tone.connect(volume).connect(context.destination);
  tone.start();
  sounds();
  ringing = { tone, timer: setInterval(sounds, RING_MS) };
}

function stopRinging() {
  if (!ringing) return;
  clearInterval(ringing.timer);
  ringing.tone.stop();
  ringing = null;
}

// --- what is said, and how the call is ---

function follow() {
  const socket = new WebSocket(socketTo("/probeer/live"));
  let last = "";
  socket.addEventListener("open", () => (wait = AGAIN_MS));
  socket.addEventListener("message", ({ data }) => {
    const said = JSON.parse(data);
    if (!shown || said.line !== shown) return;
    if (said.again && last !== said.line) byId("heard").replaceChildren(); // all of it comes once more
    last = said.line;
    if (said.text) {
      const line = document.createElement("p");
      line.textContent = said.text;
      byId("heard").append(line);
      byId("heard").dataset.now = "yes"; // its last line is heard at this moment
      byId("heard").scrollTop = byId("heard").scrollHeight;
    }
    if (said.quiet) delete byId("heard").dataset.now;
    if (said.state) {
      isTold ||= Boolean(said.over);
      show(said.state);
    }
  });
  socket.addEventListener("close", () => {
    setTimeout(follow, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  });
}
let wait = AGAIN_MS;

for (const one of document.querySelectorAll("[data-dials]")) one.addEventListener("click", () => dial(one.dataset.dials));
for (const one of document.querySelectorAll("[data-key]")) {
  one.addEventListener("click", () => call?.isEstablished() && call.sendDTMF(one.dataset.key, { transportType: "RFC2833" }));
}
byId("hang-up").addEventListener("click", () => call && !call.isEnded() && call.terminate());
addEventListener("pagehide", () => phone?.stop());
follow();
