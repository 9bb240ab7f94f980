// What is said while somebody types: a moment after the last letter, and of the last letters only.

/** @param {() => void} what @param {number} ms after the last time it was wanted */
export function soon(what, ms) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(what, ms);
  };
}

/** Shows the answer, unless something newer is asked meanwhile.
 * @param {string} path @param {URLSearchParams} body @param {{abort?: AbortController}} last @param {(html: string) => void} show */
export async function ask(path, body, last, show) {
  last.abort?.abort();
  last.abort = new AbortController();
  try {
    const reply = await fetch(path, { method: "POST", body, signal: last.abort.signal });
    // Without a login the answer is the login page, which belongs nowhere in this one.
    if (reply.ok && !reply.redirected) show(await reply.text());
  } catch {
    // Aborted, or no network: the line at the top says so, or the answer to the form.
  }
}
