// Says while somebody types whether a number can be called back, and until when: without this script a button does.
const CHECK_MS = 250;
const form = document.querySelector("form[data-check]");
let timer = 0;
/** @type {AbortController | undefined} */
let last;

async function check() {
  last?.abort();
  last = new AbortController();
  const fields = new FormData(form);
  const body = new URLSearchParams(["gemeente", "nummer", "contact"].map((name) => [name, fields.get(name) ?? ""]));
  try {
    const reply = await fetch(form.dataset.check, { method: "POST", body, signal: last.signal });
    // Without a login the answer is the login page, which belongs nowhere in this one.
    if (!reply.ok || reply.redirected) return;
    const said = new DOMParser().parseFromString(await reply.text(), "text/html").getElementById("promise-check");
    if (said) document.getElementById("promise-check").replaceWith(said);
  } catch {
    // Aborted, or no network: the same is said once the form is sent.
  }
}

form?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(check, CHECK_MS);
});
