// SPDX-License-Identifier: Apache-2.0
// Drives the unmodified official packages for tests written in Go. One JSON
// object per line arrives on standard input, {id, op, ...}; one per line leaves
// on standard output, {id, ok} or {id, error}. Operations run concurrently.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFromString, compileFromPath } from "@fluencelabs/aqua-api/index.js";
import { bindParticleIds, boundId } from "../../docs/examples/bound.mjs";
import { createClient, v5_callFunction, v5_registerService } from "@fluencelabs/js-client";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const { checkConnection } = await import(join(modules, "@fluencelabs/js-client/dist/clientPeer/checkConnection.js"));

const clients = new Map(); // name -> ClientPeer
const seen = new Map(); // "client/name" -> list of argument lists, in order of arrival

function client(name) {
  const found = clients.get(name);
  if (!found) throw new Error(`no client ${name}`);
  return found;
}

function record(key, args) {
  if (!seen.has(key)) seen.set(key, []);
  seen.get(key).push(args);
}

const compiled = new Map();
async function compile({ source, file }) {
  const key = source ?? file;
  if (!compiled.has(key)) {
    const result = file
      ? await compileFromPath({ filePath: file, imports: [modules] })
      : await compileFromString({ code: source, imports: [modules] });
    if (result.errors.length > 0) throw new Error(result.errors.join("\n"));
    compiled.set(key, result);
  }
  return compiled.get(key);
}

// body is the text of a function of the arguments; it belongs to the test.
const implementation = (body) => new Function("...args", body);

const operations = {
  async create({ name, relay, seed, ttl, bound }) {
    const config = { defaultTtlMs: ttl ?? 7000 };
    if (seed !== undefined) config.keyPair = { type: "Ed25519", source: new Uint8Array(Buffer.from(seed, "base64")) };
    const begin = Date.now();
    const made = await createClient(relay, config);
    clients.set(name, bound ? bindParticleIds(made) : made);
    return { peer_id: made.getPeerId(), relay: made.getRelayPeerId(), ms: Date.now() - begin };
  },
  async stop({ name }) {
    const stopped = client(name);
    clients.delete(name);
    await stopped.disconnect();
  },
  async check({ name, ttl }) {
    return checkConnection(client(name), ttl);
  },
  async compile(input) {
    const { functions, services } = await compile(input);
    const scripts = {};
    for (const [fn, f] of Object.entries(functions)) scripts[fn] = f.script;
    return { scripts, services: Object.keys(services) };
  },
  // register answers service calls with functions given as text.
  async register({ name, source, file, service, service_id, functions }) {
    const { services } = await compile({ source, file });
    if (!services[service]) throw new Error(`no service ${service} among ${Object.keys(services)}`);
    const impl = {};
    for (const [fn, body] of Object.entries(functions)) {
      const run = implementation(body);
      impl[fn] = (...args) => {
        record(`${name}/${fn}`, args.slice(0, -1));
        return run(...args);
      };
    }
    const where = service_id === undefined ? [client(name), impl] : [client(name), service_id, impl];
    v5_registerService(where, services[service]);
  },
  // call runs one compiled function; an argument {"$callback": NAME} records its calls.
  async call({ name, source, file, fn, args, ttl }) {
    const { functions } = await compile({ source, file });
    if (!functions[fn]) throw new Error(`no function ${fn} among ${Object.keys(functions)}`);
    const given = (args ?? []).map((a) => {
      if (a === null || typeof a !== "object" || a.$callback === undefined) return a;
      return (...got) => record(`${name}/${a.$callback}`, got.slice(0, -1));
    });
    const config = ttl === undefined ? [] : [{ ttl }];
    const { funcDef, script } = functions[fn];
    const value = await v5_callFunction([client(name), ...given, ...config], funcDef, script);
    return value === undefined ? null : value;
  },
  // handle records every call of one function, in any particle.
  async handle({ name, service, fn, result }) {
    client(name).internals.regHandler.common(service, fn, (req) => {
      record(`${name}/${fn}`, req.args);
      return { retCode: 0, result: result === undefined ? {} : result };
    });
  },
  // send starts count particles of an AIR script, at most 200 at a time: the
  // client fails by itself above 1 000 streams that it opens at once.
  async send({ name, script, count, ttl }) {
    const peer = client(name);
    const ids = [];
    let left = count ?? 1;
    const worker = async () => {
      while (left-- > 0) {
        const particle = await peer.internals.createNewParticle(script, ttl);
        ids.push(particle.id);
        await new Promise((resolve, reject) => peer.internals.initiateParticle(particle, resolve, reject, true));
      }
    };
    await Promise.all(Array.from({ length: Math.min(left, 200) }, worker));
    return ids;
  },
  async bound_id({ particle, max_hops, nonce }) {
    return boundId(particle, max_hops, new Uint8Array(Buffer.from(nonce, "base64")));
  },
  async seen({ key }) {
    return seen.get(key) ?? [];
  },
  async count({ key }) {
    return (seen.get(key) ?? []).length;
  },
  async forget() {
    seen.clear();
  },
  async versions() {
    const version = (p) => JSON.parse(readFileSync(join(modules, p, "package.json"), "utf8")).version;
    return { node: process.version, "js-client": version("@fluencelabs/js-client"), "aqua-api": version("@fluencelabs/aqua-api") };
  },
};

const text = (e) => (e instanceof Error ? e.message : typeof e === "string" ? e : JSON.stringify(e));
const answer = (line) => process.stdout.write(JSON.stringify(line) + "\n");
console.log = console.error; // standard output carries answers only

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on("line", async (line) => {
  const { id, op, ...input } = JSON.parse(line);
  try {
    if (!operations[op]) throw new Error(`no operation ${op}`);
    const ok = await operations[op](input);
    answer({ id, ok: ok === undefined ? null : ok });
  } catch (e) {
    answer({ id, error: text(e) });
  }
});
lines.on("close", () => process.exit(0));
process.on("unhandledRejection", (e) => console.error("unhandled:", text(e)));
answer({ id: 0, ok: "ready" });
