// SPDX-License-Identifier: Apache-2.0
// Calls the guestbook on every worker of a deal, with the official JavaScript
// client and the official compiler, both as published.
//
//   node docs/examples/guestbook/call.mjs DEVNET.json [AUTHOR TEXT]
//
// make npm installs the two packages where this file finds them.
import "./preload.mjs";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [file, author = "Bob", text = "Hello from JavaScript"] = process.argv.slice(2);
if (!file) {
  console.error("usage: node call.mjs DEVNET.json [AUTHOR TEXT]");
  process.exit(2);
}
const { compileFromPath } = await import("@fluencelabs/aqua-api/index.js");
const { createClient, v5_callFunction } = await import("@fluencelabs/js-client");

const here = dirname(fileURLToPath(import.meta.url));
const network = JSON.parse(readFileSync(file, "utf8"));
const { functions, errors } = await compileFromPath({ filePath: join(here, "guestbook.aqua"), imports: [] });
if (errors.length > 0) throw new Error(errors.join("\n"));

const client = await createClient(network.validators[0].multiaddrs[0]);
const call = (name, ...args) => v5_callFunction([client, ...args], functions[name].funcDef, functions[name].script);
try {
  const found = await call("workers", network.demo.deal_id);
  if (!found.success) throw new Error(found.error.join("; "));
  for (const { host_id: host, worker_id: worker } of found.workers) {
    const to = [host, [worker].flat()[0]];
    console.log(`worker ${to[1]} on ${host}`);
    console.log("  " + (await call("greet", ...to, author)));
    console.log(`  entry ${await call("sign", ...to, author, text)}`);
    for (const e of await call("entries", ...to)) console.log(`  ${e.author}: ${e.text}`);
  }
} finally {
  await client.disconnect();
}
