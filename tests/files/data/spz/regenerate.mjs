// Asks two independent decoders what the .spz files in this folder hold, and writes their answers beside them as JSON.
//     npm install --prefix /tmp/decoders @spz-loader/core @playcanvas/splat-transform
//     python3 -m tests.files.build_spz tests/files/data/spz
//     node tests/files/data/spz/regenerate.mjs /tmp/decoders
// Both answer in the file's own axes. splat-transform hands out its SPZ reader only turned to another frame, so the module inside is asked.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = resolve(process.argv[2], "node_modules");
const version = (name) => `${name} ${JSON.parse(readFileSync(join(modules, name, "package.json"))).version}`;

const inside = join(modules, "@playcanvas/splat-transform/dist");
const part = readdirSync(inside).find((name) => /^spz-.*\.js$/.test(name) && readFileSync(join(inside, name), "latin1").includes("export {"));
const splatTransform = await (await import(pathToFileURL(join(inside, part)))).default();
const { loadSpz } = await import(pathToFileURL(join(modules, "@spz-loader/core/dist/index.js")));

const decoders = {
  [version("@playcanvas/splat-transform")]: async (bytes) => splatTransform.loadSpzFromBuffer(bytes, { to: splatTransform.CoordinateSystem.UNSPECIFIED }),
  [version("@spz-loader/core")]: async (bytes) => {
    const node = globalThis.process; // its way of noticing Node.js is broken; as in a browser it works
    Object.assign(globalThis, { process: undefined, window: globalThis });
    try {
      return await loadSpz(bytes);
    } finally {
      globalThis.process = node;
    }
  },
};

for (const name of readdirSync(here).filter((name) => name.endsWith(".spz"))) {
  const answers = {};
  for (const [decoder, decode] of Object.entries(decoders)) {
    const cloud = await decode(new Uint8Array(readFileSync(join(here, name)))).catch((error) => console.warn(`${decoder} cannot read ${name}: ${error}`));
    if (!cloud) continue; // 0.3.1 of @spz-loader/core stumbles over version 4 outside a browser
    answers[decoder] = Object.fromEntries(
      ["positions", "scales", "rotations", "alphas", "colors", "sh"].map((key) => [key, Array.from(cloud[key], (value) => Number(value.toPrecision(7)))]),
    );
  }
  writeFileSync(join(here, name.replace(".spz", ".json")), JSON.stringify(answers) + "\n");
}
