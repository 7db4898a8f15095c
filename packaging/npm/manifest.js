// Writes the two package.json files; `cargo metadata` comes on standard input.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

// Each has a package of its own; npm installs the one that fits.
const PLATFORMS = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64", "win32-arm64", "win32-x64"];

const [platform, program, work] = process.argv.slice(2);
const [{ version, description, license, homepage, keywords }] = JSON.parse(fs.readFileSync(0)).packages;
if (!PLATFORMS.includes(platform)) {
  console.error(`error: ${platform} is none of ${PLATFORMS.join(", ")}`);
  process.exit(2);
}

const common = { version, description, license, homepage, keywords };
const [os, cpu] = platform.split("-");
// The program is built against glibc where that is the C library.
const libc = os === "linux" ? { libc: ["glibc"] } : {};
const packages = {
  platform: { name: `unleak-${platform}`, ...common, os: [os], cpu: [cpu], ...libc, preferUnplugged: true, files: [program] },
  launcher: {
    name: "unleak",
    ...common,
    bin: { unleak: "unleak.js" },
    files: ["unleak.js"],
    engines: { node: ">=18" },
    optionalDependencies: Object.fromEntries(PLATFORMS.map((each) => [`unleak-${each}`, version])),
  },
};
for (const [folder, manifest] of Object.entries(packages)) {
  fs.writeFileSync(path.join(work, folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}
