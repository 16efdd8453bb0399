/** The Merkle tree of RFC 6962 §2.1 with SHA-256 (docs/record-format.md, section 3). */
import { concat, equal, type Bytes } from "./bytes";
import { sha256 } from "./sha256";

export function leafHash(leaf: Uint8Array): Bytes {
  return sha256(concat(Uint8Array.of(0), leaf));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Bytes {
  return sha256(concat(Uint8Array.of(1), left, right));
}

/** A growing tree that keeps the roots of its full subtrees only, the largest first. */
export class Frontier {
  size = 0;
  private readonly full: { level: number; hash: Bytes }[] = [];

  append(leaf: Bytes): void {
    let node = { level: 0, hash: leaf };
    for (let last = this.full.at(-1); last?.level === node.level; last = this.full.at(-1)) {
      this.full.pop();
      node = { level: node.level + 1, hash: nodeHash(last.hash, node.hash) };
    }
    this.full.push(node);
    this.size += 1;
  }

  root(): Bytes {
    const nodes = this.full.map((node) => node.hash);
    let root = nodes.pop();
    if (root === undefined) return sha256(new Uint8Array());
    for (const left of nodes.reverse()) root = nodeHash(left, root);
    return root;
  }
}

/** The root over leaf hashes. */
export function rootOf(leaves: readonly Bytes[]): Bytes {
  const tree = new Frontier();
  for (const leaf of leaves) tree.append(leaf);
  return tree.root();
}

/** The roots at the given sizes; sizes beyond the number of leaves are left out. */
export function rootsAt(leaves: readonly Bytes[], sizes: Iterable<number>): Map<number, Bytes> {
  const wanted = new Set(sizes);
  const roots = new Map<number, Bytes>();
  const tree = new Frontier();
  if (wanted.has(0)) roots.set(0, tree.root());
  for (const leaf of leaves) {
    tree.append(leaf);
    if (wanted.has(tree.size)) roots.set(tree.size, tree.root());
  }
  return roots;
}

/** Whether an inclusion proof leads from a leaf hash to a root (RFC 9162 §2.1.3.2, the algorithm for RFC 6962's proofs). */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  // Sizes may be above 2^32: shifts are written as divisions.
  let at = index;
  let last = size - 1;
  let hash: Uint8Array = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && equal(hash, root);
}
