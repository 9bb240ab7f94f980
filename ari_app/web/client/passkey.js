// Asks the browser for a passkey, and sends its answer as a form: what is asked stands in the form, in JSON.

/** @param {string} text in base64url */
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
/** @param {ArrayBuffer} buffer */
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const PARTS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

/** @param {string} asked */
async function answer(asked) {
  const publicKey = JSON.parse(asked);
  publicKey.challenge = bytes(publicKey.challenge);
  for (const one of [...(publicKey.allowCredentials ?? []), ...(publicKey.excludeCredentials ?? [])]) one.id = bytes(one.id);
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
  const kind = publicKey.user ? "create" : "get";
  const { id, rawId, type, response } = await navigator.credentials[kind]({ publicKey });
  const said = PARTS.filter((part) => response[part]).map((part) => [part, text(response[part])]);
  return JSON.stringify({ id, rawId: text(rawId), type, response: Object.fromEntries(said) });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const failed = form.querySelector("[data-failed]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      form.elements.antwoord.value = await answer(form.dataset.passkey);
      form.submit();
    } catch {
      failed.hidden = false; // refused by its owner, no passkey of ours, or a browser without them
    }
  });
  form.querySelector("button").disabled = false;
  if ("now" in form.dataset) form.requestSubmit();
}
