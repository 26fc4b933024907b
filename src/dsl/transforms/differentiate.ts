/** Reverse-mode differentiation, from graph to graph. */
import { type Node, reachable } from '../graph/node.js';
import { decomposeUnless } from '../composites/decompose.js';
import { add, zerosLike } from '../primitives/index.js';
import { build, primitiveOf } from '../primitives/table.js';

/** The cotangents of a node's inputs, from the cotangent of its result; null where an input has none. */
export const cotangents = (n: Node, g: Node): readonly (Node | null)[] =>
  primitiveOf(n).derivative?.(n, g, build) ?? [];

/** Composites that have no derivative of their own are replaced by their decompositions. */
const differentiable = decomposeUnless(({ derivative }) => derivative !== undefined);

export interface Differentiated {
  /** The outputs, in the form that was differentiated: use these, so that work is shared. */
  readonly outputs: readonly Node[];
  /** One for each input asked for; zeros where it has no influence. */
  readonly gradients: readonly Node[];
}

/**
 * Pulls cotangents of `outputs` back to `inputs`, which must be float32 nodes of op `input` that stand
 * nowhere else (`gradient.ts` closes functions over fresh ones).
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
  const give = (n: Node, cotangent: Node): void => {
    const before = pending.get(n);
    if (active.has(n)) pending.set(n, before === undefined ? cotangent : add(before, cotangent));
  };
  roots.forEach((root, i) => give(root, seeds[i]!));
  for (const n of [...order].reverse()) {
    const cotangent = pending.get(n);
    if (cotangent === undefined) continue;
    cotangents(n, cotangent).forEach((c, i) => {
      if (c !== null) give(n.inputs[i]!, c);
    });
  }
  return { outputs: roots, gradients: inputs.map((input) => pending.get(input) ?? zerosLike(input)) };
};
