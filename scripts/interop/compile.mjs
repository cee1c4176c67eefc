// SPDX-License-Identifier: Apache-2.0
// Compiles contracts/solidity with the pinned solc and prints, per contract,
// {"abi": […], "bytecode": "0x…"} as one JSON object. `--abi DIR` writes the ABI
// of each interface to DIR instead.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const solc = require("solc");
const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, "../../contracts/solidity");

const sources = {};
for (const name of readdirSync(folder).sort()) {
  sources[name] = { content: readFileSync(join(folder, name), "utf8") };
}
const find = (path) => {
  try {
    return { contents: readFileSync(join(here, "node_modules", path), "utf8") };
  } catch (e) {
    return { error: String(e) };
  }
};
const out = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: "Solidity",
      sources,
      settings: {
        evmVersion: "paris",
        optimizer: { enabled: true, runs: 200 },
        metadata: { bytecodeHash: "none" },
        outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
      },
    }),
    { import: find },
  ),
);
const bad = (out.errors ?? []).filter((e) => e.severity === "error");
if (bad.length > 0) {
  for (const e of bad) console.error(e.formattedMessage);
  process.exit(1);
}
const contracts = {};
for (const name of Object.keys(sources)) {
  for (const [contract, c] of Object.entries(out.contracts[name] ?? {})) {
    contracts[contract] = { abi: c.abi, bytecode: "0x" + c.evm.bytecode.object };
  }
}
const at = process.argv.indexOf("--abi");
if (at < 0) {
  console.log(JSON.stringify(contracts));
} else {
  for (const [name, c] of Object.entries(contracts)) {
    if (/^I[A-Z]/.test(name) && c.bytecode === "0x") {
      writeFileSync(join(process.argv[at + 1], name + ".json"), JSON.stringify(c.abi, null, 2) + "\n");
    }
  }
}
