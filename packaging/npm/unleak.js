#!/usr/bin/env node
// Starts the program that the package for this platform holds, and ends as it does.
"use strict";

const { spawnSync } = require("node:child_process");

const platform = `${process.platform}-${process.arch}`;
const name = `unleak-${platform}`;

function program() {
  try {
    return require.resolve(`${name}/${process.platform === "win32" ? "unleak.exe" : "unleak"}`);
  } catch {
    console.error(`error: the package ${name} is not installed; either nothing is built for ${platform}, or optional`);
    console.error("dependencies were left out. `cargo install --locked unleak` builds the program anywhere.");
    process.exit(2);
  }
}

const ended = spawnSync(program(), process.argv.slice(2), { stdio: "inherit" });
if (ended.error) {
  console.error(`error: ${ended.error.message}`);
  process.exit(2);
}
if (ended.signal) {
  process.kill(process.pid, ended.signal);
} else {
  process.exit(ended.status);
}
