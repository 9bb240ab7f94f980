// Microphone, loudspeaker and levels of the phone in the page. Devices are chosen apart, and kept in this browser.
const KEPT = "phone-devices";
const TEST_MS = 3000;
const TONE_MS = 600;
const TONE_HZ = 440;
const RESUME_MS = 1000;

/** The devices of a kind, by the names that the browser gives them. @param {MediaDeviceKind} kind */
export async function heardDevices(kind) {
  if (kind === "audiooutput" && !("setSinkId" in HTMLMediaElement.prototype)) return [];
  const found = (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === kind && one.deviceId);
  return found.map(({ deviceId, label }, at) => ({ id: deviceId, name: label || `Apparaat ${at + 1}` }));
}

const kept = () => JSON.parse(localStorage.getItem(KEPT) ?? "{}");

/** @param {string} device */
function wanted(device) {
  const quality = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  return { audio: device ? { ...quality, deviceId: { exact: device } } : quality };
}

/** @param {AnalyserNode | null} analyser a level of 0 to 100 */
function level(analyser) {
  if (!analyser) return 0;
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const loudness = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
  return loudness < 0.001 ? 0 : Math.min(100, Math.round(100 + 33 * Math.log10(loudness)));
}

export class Sound {
  /** Asks for the microphone. Rejects with the browser's own error. @param {() => void} onLost */
  static async open(onLost) {
    const context = new AudioContext();
    const made = new Sound(context, onLost);
    try {
      await made.#listen(kept()["phone-mic"] ?? "").catch((error) => {
        if (error.name !== "OverconstrainedError" && error.name !== "NotFoundError") throw error;
        return made.#listen(""); // the headset of the last time is not here
      });
      await made.#lead(made.speaker, kept()["phone-speech"] ?? "");
      await made.settle();
      // With the microphone on no click is needed; a browser that wants one all the same shows no levels until then.
      await Promise.race([context.resume(), new Promise((done) => setTimeout(done, RESUME_MS))]);
    } catch (error) {
      made.close();
      throw error;
    }
    return made;
  }

  constructor(context, onLost) {
    this.context = context;
    this.onLost = onLost;
    this.speaker = new Audio();
    this.bell = new Audio();
    /** @type {MediaStream | null} */
    this.heard = null; // the microphone, also while nobody is to hear it
    this.spoken = new MediaStream(); // what goes to the other side
    this.isMuted = false;
    this.own = this.other = null;
    this.group = ""; // of the device that the other side is heard on
    this.speaker.volume = (kept()["phone-volume"] ?? 100) / 100;
  }

  async #listen(device) {
    const stream = await navigator.mediaDevices.getUserMedia(wanted(device));
    const [track] = stream.getAudioTracks();
    const sent = track.clone();
    sent.enabled = !this.isMuted;
    track.addEventListener("ended", () => this.heard === stream && this.onLost());
    const [before] = this.spoken.getAudioTracks();
    if (before) {
      await this.sender?.replaceTrack(sent); // no renegotiation: the talk hears nothing of it
      this.spoken.removeTrack(before);
      before.stop();
      this.heard?.getTracks().forEach((one) => one.stop());
    }
    this.spoken.addTrack(sent);
    this.heard = stream;
    this.own = this.#measure(stream);
  }

  #measure(stream) {
    const analyser = this.context.createAnalyser();
    this.context.createMediaStreamSource(stream).connect(analyser);
    return analyser;
  }

  async #lead(element, device) {
    if (!("setSinkId" in element)) return;
    try {
      await element.setSinkId(device);
    } catch {
      await element.setSinkId(""); // the one of the last time is not here
    }
  }

  /** The device that the other side is heard on now. */
  async #output() {
    const outputs = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "audiooutput");
    const sink = this.speaker.sinkId || "default";
    return { outputs, device: outputs.find(({ deviceId }) => deviceId === sink) };
  }

  /** From here on this device is the one that must not be changed without being asked for. */
  async settle() {
    this.group = (await this.#output()).device?.groupId ?? "";
    this.speaker.muted = false;
  }

  /** Devices changed: whether the one is gone. Its sound does not go on aloud from another one. */
  async isOutputLost() {
    const { outputs, device } = await this.#output();
    if (!this.group || device?.groupId === this.group) {
      this.speaker.muted = false;
      return false;
    }
    const isThere = outputs.some(({ deviceId, groupId }) => deviceId !== "default" && groupId === this.group);
    this.speaker.muted = !isThere;
    return !isThere;
  }

  /** Hear the other side on whatever this computer has. */
  async hearHere() {
    if ("setSinkId" in this.speaker) await this.speaker.setSinkId("");
    await this.settle();
  }

  /** @param {number} percent */
  setVolume(percent) {
    this.speaker.volume = percent / 100;
    localStorage.setItem(KEPT, JSON.stringify({ ...kept(), "phone-volume": percent }));
  }

  /** The sender whose track follows the chosen microphone. */
  get sender() {
    return this.connection?.getSenders().find(({ track }) => track?.kind === "audio");
  }

  /** @param {MediaStream} stream @param {RTCPeerConnection} connection */
  hear(stream, connection) {
    this.connection = connection;
    this.speaker.srcObject = stream;
    this.other = this.#measure(stream);
    // A line that is hung up meanwhile interrupts this, which is no fault; a browser that waits for a click plays then.
    this.speaker.play().catch(({ name }) => {
      if (name === "NotAllowedError") addEventListener("click", () => this.speaker.play().catch(() => {}), { once: true });
    });
  }

  /** @param {boolean} wish */
  mute(wish) {
    this.isMuted = wish;
    for (const track of this.spoken.getAudioTracks()) track.enabled = !wish;
  }

  ownLevel() {
    return level(this.own);
  }

  otherLevel() {
    return level(this.other);
  }

  /** @param {string} what the field of the page @returns {string | undefined} */
  chosen(what) {
    return kept()[what] ?? (what === "phone-mic" ? this.heard?.getAudioTracks()[0].getSettings().deviceId : undefined);
  }

  /** @param {string} what the field of the page @param {string} device */
  async choose(what, device) {
    if (what === "phone-mic") await this.#listen(device);
    if (what === "phone-speech") {
      await this.speaker.setSinkId(device);
      await this.settle();
    }
    localStorage.setItem(KEPT, JSON.stringify({ ...kept(), [what]: device }));
  }

  /** A caller comes: on the device that was chosen for it, if any. */
  async alert() {
    const device = kept()["phone-alert"];
    if (!device) return;
    try {
      await this.#lead(this.bell, device);
      await this.#ring(this.bell);
    } catch {
      // The device went this moment: the caller is heard all the same.
    }
  }

  /** A tone, and three seconds of what the microphone hears. */
  async test() {
    const element = new Audio();
    await this.#lead(element, kept()["phone-speech"] ?? "");
    await this.#ring(element);
    const recorder = new MediaRecorder(this.heard);
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const over = new Promise((done) => (recorder.onstop = done));
    recorder.start();
    setTimeout(() => recorder.stop(), TEST_MS);
    await over;
    element.srcObject = null;
    element.src = URL.createObjectURL(new Blob(parts, { type: recorder.mimeType }));
    await element.play();
    await new Promise((done) => (element.onended = done));
    URL.revokeObjectURL(element.src);
  }

  async #ring(element) {
    const out = this.context.createMediaStreamDestination();
    const tone = this.context.createOscillator();
    tone.frequency.value = TONE_HZ;
    tone.connect(out);
    element.srcObject = out.stream;
    tone.start();
    await element.play();
    await new Promise((done) => setTimeout(done, TONE_MS));
    tone.stop();
    element.pause();
  }

  close() {
    for (const stream of [this.heard, this.spoken]) stream?.getTracks().forEach((one) => one.stop());
    this.heard = null;
    this.speaker.srcObject = null;
    this.context.close().catch(() => {});
  }
}
