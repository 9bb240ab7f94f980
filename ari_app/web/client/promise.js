// Says while somebody types whether a number can be called back, and until when: without this script a button does.
import { ask, soon } from "./typing.js";

const CHECK_MS = 250;
const form = document.querySelector("form[data-check]");
const last = {};

function check() {
  const fields = new FormData(form);
  const body = new URLSearchParams(["gemeente", "nummer", "contact"].map((name) => [name, fields.get(name) ?? ""]));
  ask(form.dataset.check, body, last, (html) => {
    const said = new DOMParser().parseFromString(html, "text/html").getElementById("promise-check");
    if (said) document.getElementById("promise-check").replaceWith(said);
  });
}

form?.addEventListener("input", soon(check, CHECK_MS));
