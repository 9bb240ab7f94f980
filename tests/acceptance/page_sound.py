"""What a page that is a phone hears, says, and is refused by its browser."""

from __future__ import annotations

import asyncio
import math
import struct
import wave
from pathlib import Path

from playwright.async_api import Page

from tests.patience import PATIENCE_SECONDS

#: what the page hears, as a spectrum: the strongest frequency of each sound that it measures
LISTEN = """
(() => {
  window.listening = [];
  const made = AudioContext.prototype.createAnalyser;
  AudioContext.prototype.createAnalyser = function () {
    const analyser = made.call(this);
    analyser.fftSize = 8192;
    window.listening.push(analyser);
    return analyser;
  };
})()"""
_PEAKS = """
() => window.listening.map((analyser) => {
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  const at = bins.indexOf(Math.max(...bins));
  return bins[at] < -70 ? 0 : (at * analyser.context.sampleRate) / analyser.fftSize;
})"""

#: the browser's own words for it, and ours
WRONG = {
    "NotAllowedError": "De microfoon is niet toegestaan",
    "NotFoundError": "Sluit uw headset aan",
    "NotReadableError": "Sluit dat programma",
}
REFUSE = """
(error) => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", error)); }"""
SECURE = """
(isSo) => { Object.defineProperty(window, "isSecureContext", { configurable: true, get: () => isSo }); }"""
HOLD = """
() => new Promise((held) => {
  navigator.locks.request("telefoon", () => { held(); return new Promise(() => {}); }); })"""


#: what the browser tells of a line, once a test sets `window.measured`
MEASURE = """
(() => {
  const state = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, "connectionState").get;
  Object.defineProperty(RTCPeerConnection.prototype, "connectionState", {
    get() { return window.measured?.state ?? state.call(this); },
  });
  const asked = RTCPeerConnection.prototype.getStats;
  const count = { packetsReceived: 0, packetsLost: 0 };
  RTCPeerConnection.prototype.getStats = async function () {
    if (!window.measured) return asked.call(this);
    const { received, lost, jitter, delay } = window.measured;
    count.packetsReceived += received;
    count.packetsLost += lost;
    return new Map([
      ["in", { type: "inbound-rtp", kind: "audio", jitter, ...count }],
      ["pair", { type: "candidate-pair", nominated: true, currentRoundTripTime: delay }],
    ]);
  };
})()"""
#: the devices of a computer, once a test sets `window.outputs`: pairs of device and group
OUTPUTS = """
(() => {
  const asked = MediaDevices.prototype.enumerateDevices;
  MediaDevices.prototype.enumerateDevices = async function () {
    const found = await asked.call(this);
    if (!window.outputs) return found;
    const kind = "audiooutput";
    const made = window.outputs.map(([deviceId, groupId]) => ({ kind, deviceId, groupId, label: deviceId }));
    return [...found.filter((one) => one.kind !== kind), ...made];
  };
})()"""
PLUG = """
(outputs) => { window.outputs = outputs; navigator.mediaDevices.dispatchEvent(new Event("devicechange")); }"""


async def hears_in_page(page: Page, hertz: float) -> None:
    """Wait until this tone is the loudest of what comes from the other side."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        # Nothing in the page says that it hears another tone.
        while abs((await page.evaluate(_PEAKS))[-1] - hertz) > 15:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def write_tone(path: Path, hertz: float, seconds: int = 4) -> None:
    rate = 48000
    samples = (round(12000 * math.sin(2 * math.pi * hertz * at / rate)) for at in range(rate * seconds))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
