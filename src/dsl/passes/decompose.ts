import { type Node, rewrite } from '../node.js';
import { decomposition } from '../primitives/index.js';

/** Replaces the composites that a backend has no kernel for by their decompositions, all the way down. */
export const decompose = (roots: readonly Node[], native: readonly string[]): readonly Node[] =>
  rewrite(roots, (n) => {
    if (n.op !== 'composite' || native.includes(n.attributes.composite.name)) return n;
    return decompose([decomposition(n)], native)[0]!;
  });
