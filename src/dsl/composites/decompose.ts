import { type Composite, type Node, rewrite } from '../graph/node.js';
import { compositeOf, decomposition } from '../primitives/index.js';

/** Replaces the composites for which `isKept` does not hold by their decompositions, all the way down. */
export const decomposeUnless =
  (isKept: (composite: Composite) => boolean) =>
  (roots: readonly Node[], operands: readonly Node[] = []): readonly Node[] =>
    rewrite(
      roots,
      (n) => {
        const composite = compositeOf(n);
        return composite === null || isKept(composite)
          ? n
          : decomposeUnless(isKept)([decomposition(n)], n.inputs)[0]!;
      },
      new Map(operands.map((n) => [n, n])),
    );

/** Replaces the composites that a backend has no kernel for. */
export const decompose = (roots: readonly Node[], native: readonly string[]): readonly Node[] =>
  decomposeUnless(({ name }) => native.includes(name))(roots);
