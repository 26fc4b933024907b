/** Reverse-mode differentiation of graphs. */
import { type Node, reachable } from '../graph/node.js';
import { decomposeUnless } from '../composites/decompose.js';
import { add, zerosLike } from '../primitives/index.js';
import { primitiveOf } from '../primitives/table.js';

/** The cotangents of the inputs of a node, from the cotangent of its result; null if there is none. */
export const cotangents = (n: Node, g: Node): readonly (Node | null)[] => primitiveOf(n).derivative?.(n, g) ?? [];

/** Replaces composites without a derivative by their decompositions. */
const differentiable = decomposeUnless(({ derivative }) => derivative !== undefined);

export interface Differentiated {
  /** The differentiated form of the outputs. Use it so that the gradients share work with them. */
  readonly outputs: readonly Node[];
  /** A gradient for each input; zeros if the outputs do not depend on it. */
  readonly gradients: readonly Node[];
}

/**
 * Pulls the cotangents `seeds` of `outputs` back to `inputs`, which must be fresh float32 inputs, as made by `closure.ts`.
 */
export const differentiate = (
  outputs: readonly Node[],
  seeds: readonly Node[],
  inputs: readonly Node[],
): Differentiated => {
  const roots = differentiable(outputs);
  const order = reachable(roots);
  const active = new Set<Node>(inputs);
  for (const n of order)
    if (n.dtype === 'float32' && primitiveOf(n).derivative && n.inputs.some((input) => active.has(input)))
      active.add(n);

  const pending = new Map<Node, Node>();
  const accumulate = (n: Node, cotangent: Node): void => {
    const before = pending.get(n);
    if (active.has(n)) pending.set(n, before === undefined ? cotangent : add(before, cotangent));
  };
  roots.forEach((root, i) => accumulate(root, seeds[i]!));
  for (const n of [...order].reverse()) {
    const cotangent = pending.get(n);
    if (cotangent === undefined) continue;
    cotangents(n, cotangent).forEach((c, i) => {
      if (c !== null) accumulate(n.inputs[i]!, c);
    });
  }
  return { outputs: roots, gradients: inputs.map((input) => pending.get(input) ?? zerosLike(input)) };
};
