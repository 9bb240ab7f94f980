// How well the sound of a line arrives, in words with what to do about it.
const LOST_PARTS = 0.03; // of the packets
const LATE_SECONDS = 0.4; // there and back
const UNEVEN_SECONDS = 0.06;
const SURE_AFTER = 2; // measurements that say the same: a single hiccup is nothing to read

const GOOD = "De verbinding is goed.";
const CABLE = "Gebruik een kabel in plaats van wifi, of ga dichter bij het wifipunt zitten.";

/** @param {number} parts */
const percent = (parts) => `${Math.max(1, Math.round(parts * 100))}%`;

/** What getStats tells, as far as it counts here. @param {RTCStatsReport} report */
function read(report) {
  const found = { received: 0, lost: 0, jitter: 0, theyLost: 0, delay: 0 };
  report.forEach((one) => {
    if (one.type === "inbound-rtp" && one.kind === "audio") {
      found.received = one.packetsReceived ?? 0;
      found.lost = one.packetsLost ?? 0;
      found.jitter = one.jitter ?? 0;
    } else if (one.type === "remote-inbound-rtp" && one.kind === "audio") {
      found.theyLost = one.fractionLost ?? 0;
      found.delay = Math.max(found.delay, one.roundTripTime ?? 0);
    } else if (one.type === "candidate-pair" && one.nominated) {
      found.delay = Math.max(found.delay, one.currentRoundTripTime ?? 0);
    }
  });
  return found;
}

/** The worst of what is wrong; nothing where there is nobody to hear: Asterisk sends no silence. */
function words(before, now, isConnected) {
  const [received, lost] = [now.received - before.received, now.lost - before.lost];
  if (received + lost <= 0)
    return isConnected ? "" : "Er komt geen geluid binnen. De telefoon probeert opnieuw te verbinden.";
  const parts = lost / (received + lost);
  if (parts > LOST_PARTS) return `De verbinding hapert: ${percent(parts)} van het geluid komt bij u niet aan. ${CABLE}`;
  if (now.theyLost > LOST_PARTS)
    return `De verbinding hapert: ${percent(now.theyLost)} van wat u zegt, komt niet aan. ${CABLE}`;
  if (now.delay > LATE_SECONDS)
    return "Het geluid komt laat aan. Sluit andere programma's die veel internet gebruiken. Werkt u met VPN? Vraag uw beheerder of bellen daar buitenom kan.";
  if (now.jitter > UNEVEN_SECONDS) return `Het geluid komt onregelmatig aan. ${CABLE}`;
  return GOOD;
}

/** The quality of one line, measured whenever somebody asks. */
export class Quality {
  constructor() {
    this.before = null;
    this.shown = "";
    this.said = GOOD; // what somebody has heard last: that all is well is no news
    this.next = "";
    this.times = 0;
  }

  /** What to show, and whether it is news that somebody should hear. @param {RTCPeerConnection} connection */
  async measure(connection) {
    const now = read(await connection.getStats());
    const before = this.before;
    this.before = now;
    if (!before) return { text: this.shown, isNews: false };
    const text = words(before, now, connection.connectionState === "connected");
    // Figures change all the time; the kind of trouble is what counts.
    const kind = text.replace(/\d+%/, "");
    this.times = kind === this.next ? this.times + 1 : 1;
    this.next = kind;
    if (this.times < SURE_AFTER) return { text: this.shown, isNews: false };
    const isNews = this.said.replace(/\d+%/, "") !== kind && text !== "";
    this.shown = text;
    if (text) this.said = text;
    return { text, isNews };
  }
}
