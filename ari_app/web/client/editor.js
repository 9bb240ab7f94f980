// Shows while somebody writes how an operator will see it: without this a button does.
import { ask, soon } from "./typing.js";

const PREVIEW_MS = 250;
const form = document.querySelector("form[data-preview]");
const last = {};

function preview() {
  ask(form.dataset.preview, new URLSearchParams(new FormData(form)), last, (html) => {
    const shown = new DOMParser().parseFromString(html, "text/html").getElementById("script-preview");
    if (shown) document.getElementById("script-preview").replaceWith(shown);
  });
}

form?.addEventListener("input", soon(preview, PREVIEW_MS));
// What was typed before this was there, or is kept by the browser.
if (form) preview();
