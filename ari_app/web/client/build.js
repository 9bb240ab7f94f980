// Bundles scripts, styles and fonts into static/dist, under names that carry a hash, with a manifest of them.
import { build } from "esbuild";
import { readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const client = dirname(fileURLToPath(import.meta.url));
const dist = join(client, "..", "static", "dist");
const made = `${dist}.${process.pid}`;

await rm(made, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ["live.js", "editor.js", "passkey.js", "phone.js", "promise.js", "style.css", "trial.js"].map((name) => join(client, name)),
  outdir: made,
  absWorkingDir: client,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome115", "firefox115", "safari16"],
  loader: { ".woff2": "file", ".woff": "empty" },
  legalComments: "linked",
  metafile: true,
});
const manifest = {};
for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) {
  if (entryPoint) manifest[basename(entryPoint)] = basename(file);
}
for (const file of Object.keys(metafile.outputs)) {
  const path = join(client, file);
  if (/\.(css|js)$/.test(file)) await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
}
// Licences that want to be handed on with the code.
const packages = new Set(Object.keys(metafile.inputs).map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]));
const licences = [];
for (const name of [...packages].filter(Boolean).sort()) {
  const directory = join(client, "../../../node_modules", name);
  const file = (await readdir(directory)).find((one) => /^licen[cs]e/i.test(one));
  if (file) licences.push(`${name}\n\n${await readFile(join(directory, file), "utf8")}`);
}
await writeFile(join(made, "licences.txt"), licences.join("\n\n"));
await writeFile(join(made, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
await rm(dist, { recursive: true, force: true });
await rename(made, dist);
