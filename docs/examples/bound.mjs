// SPDX-License-Identifier: Apache-2.0
// Bound particle ids for the official js-client, which is used as it is.
//
//   import { createClient } from "@fluencelabs/js-client";
//   import { bindParticleIds } from "./bound.mjs";
//   const client = bindParticleIds(await createClient(relay));
//
// Every particle that the client makes from then on has an id that commits to
// its initiator, time, TTL and script, so that nothing which is signed under it
// counts in another particle:
//
//   fl1.H.N.B  H  max hops, N  16 random bytes in base58,
//              B  base58 of SHA-256("fluence/particle-id/v1" | u8 length |
//                 init_peer_id | u64le timestamp | u32le ttl | u16le H |
//                 SHA-256(script) | N)

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const utf8 = new TextEncoder();

function base58(bytes) {
  let n = 0n;
  for (const b of bytes) n = (n << 8n) | BigInt(b);
  let text = "";
  for (; n > 0n; n /= 58n) text = alphabet[Number(n % 58n)] + text;
  for (const b of bytes) {
    if (b !== 0) break;
    text = "1" + text;
  }
  return text;
}

function littleEndian(value, size) {
  const bytes = new Uint8Array(size);
  for (let n = BigInt(value), i = 0; i < size; i++, n >>= 8n) bytes[i] = Number(n & 255n);
  return bytes;
}

function join(...parts) {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

async function sha256(bytes) {
  return new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
}

/** Returns the bound id of a particle with the fields initPeerId, timestamp, ttl and script. */
export async function boundId({ initPeerId, timestamp, ttl, script }, maxHops, nonce) {
  const initiator = utf8.encode(initPeerId);
  const hash = await sha256(
    join(
      utf8.encode("fluence/particle-id/v1"),
      littleEndian(initiator.length, 1),
      initiator,
      littleEndian(timestamp, 8),
      littleEndian(ttl, 4),
      littleEndian(maxHops, 2),
      await sha256(utf8.encode(script)),
      nonce,
    ),
  );
  return `fl1.${maxHops}.${base58(nonce)}.${base58(hash)}`;
}

/** Makes the client give bound ids to the particles it creates; returns the client. */
export function bindParticleIds(client, maxHops = 64) {
  const original = () => Reflect.get(Object.getPrototypeOf(client), "internals", client);
  Object.defineProperty(client, "internals", {
    configurable: true,
    get: () => {
      const internals = original();
      return {
        ...internals,
        createNewParticle: async (script, ttl) => {
          const particle = await internals.createNewParticle(script, ttl);
          const nonce = globalThis.crypto.getRandomValues(new Uint8Array(16));
          particle.id = await boundId(particle, maxHops, nonce);
          const signed = join(
            utf8.encode(particle.id),
            littleEndian(particle.timestamp, 8),
            littleEndian(particle.ttl, 4),
            utf8.encode(script),
          );
          particle.signature = await client.keyPair.signBytes(signed);
          return particle;
        },
      };
    },
  });
  return client;
}
