// A text is heard before it is on: without this script the sound opens in a new tab.
const button = document.querySelector("[data-listen]");

async function listen() {
  const sound = document.getElementById("listen");
  const words = document.getElementById("listen-said");
  words.textContent = "";
  const body = new URLSearchParams({ tekst: document.getElementById("tekst").value });
  try {
    const reply = await fetch(button.formAction, { method: "POST", body });
    if (!reply.headers.get("Content-Type")?.startsWith("audio/")) {
      words.textContent = reply.redirected ? "Log opnieuw in." : await reply.text();
      return;
    }
    if (sound.src) URL.revokeObjectURL(sound.src);
    sound.src = URL.createObjectURL(await reply.blob());
    sound.hidden = false;
    words.textContent = "Dit horen bellers.";
    await sound.play();
  } catch {
    words.textContent ||= "Voorlezen lukte niet.";
  }
}

button?.addEventListener("click", (event) => {
  event.preventDefault();
  listen();
});
