/**
 * SHA-256 (FIPS 180-4), without a promise, at once or piece by piece.
 *
 * WebCrypto hashes the files that fit into memory; a journal of three hours has a hundred thousand leaves and nodes of a few hundred bytes,
 * and a promise for each costs more than the hash.
 */
import { concat, type Bytes } from "./bytes";

const K = new Uint32Array(64);
const START = new Uint32Array(8);

// The constants are the first 32 bits of the fractions of the cube and square roots of the first primes (§4.2.2, §5.3.3).
{
  const fraction = (root: number): number => Math.floor((root - Math.floor(root)) * 2 ** 32);
  let found = 0;
  for (let candidate = 2; found < 64; candidate++) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) prime = false;
    if (!prime) continue;
    if (found < 8) START[found] = fraction(Math.sqrt(candidate));
    K[found++] = fraction(Math.cbrt(candidate));
  }
}

const w = new Uint32Array(64);

function block(h: Uint32Array, data: DataView, at: number): void {
  for (let i = 0; i < 16; i++) w[i] = data.getUint32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1;
  }
  let [a, b, c, d, e, f, g, k] = h as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (k + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    k = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  for (const [i, value] of [a, b, c, d, e, f, g, k].entries()) h[i] = h[i]! + value;
}

/** A digest that is fed piece by piece: of files that are too long to hold. */
export class Sha256 {
  private readonly h = START.slice();
  private held: Uint8Array = new Uint8Array();
  private length = 0;

  update(bytes: Uint8Array): this {
    this.length += bytes.length;
    let data = bytes;
    if (this.held.length > 0) {
      const lacking = Math.min(64 - this.held.length, bytes.length);
      const filled = concat(this.held, bytes.subarray(0, lacking));
      data = bytes.subarray(lacking);
      if (filled.length < 64) {
        this.held = filled;
        return this;
      }
      block(this.h, new DataView(filled.buffer), 0);
    }
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const whole = data.length - (data.length % 64);
    for (let at = 0; at < whole; at += 64) block(this.h, view, at);
    this.held = data.slice(whole);
    return this;
  }

  /** The digest of all that was fed; nothing is fed after it. */
  digest(): Bytes {
    const rest = this.held.length;
    const tail = new Uint8Array(rest < 56 ? 64 : 128);
    tail.set(this.held);
    tail[rest] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(this.length / 2 ** 29));
    view.setUint32(tail.length - 4, (this.length << 3) >>> 0);
    for (let at = 0; at < tail.length; at += 64) block(this.h, view, at);
    const digest = new Uint8Array(32);
    const out = new DataView(digest.buffer);
    for (let i = 0; i < 8; i++) out.setUint32(4 * i, this.h[i]!);
    return digest;
  }
}

export function sha256(bytes: Uint8Array): Bytes {
  return new Sha256().update(bytes).digest();
}

/** SHA-256 of a file's bytes, through WebCrypto (a whole buffer at once). */
export async function digestOf(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
