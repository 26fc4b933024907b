import { type Composite, type Node, rewrite } from '../graph/node.js';
import { compositeOf, decomposition } from '../primitives/index.js';

/** Replaces the composites that `isKept` rejects by their decompositions, recursively. */
export const decomposeUnless =
  (isKept: (composite: Composite) => boolean) =>
  (roots: readonly Node[], operands: readonly Node[] = []): readonly Node[] =>
    rewrite(
      roots,
      (n) => {
        const composite = compositeOf(n);
        return composite === null || isKept(composite) ? n : decomposeUnless(isKept)([decomposition(n)], n.inputs)[0]!;
      },
      new Map(operands.map((n) => [n, n])),
    );

/** Replaces the composites that a backend has no kernel for by their decompositions. */
export const decompose = (roots: readonly Node[], native: readonly string[]): readonly Node[] =>
  decomposeUnless(({ name }) => native.includes(name))(roots);
