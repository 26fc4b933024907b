/** Reverse-mode differentiation: traces functions of trees of tensors over fresh inputs, and differentiates their graphs. */
import { decomposeUnless } from '../composites/decompose.js';
import { type Node, reachable, substitute } from '../graph/node.js';
import { type AnyTensor, mapNodes, nodeOf } from '../graph/tensor.js';
import { add, inputLike, isInput, zerosLike } from '../primitives/index.js';
import { primitiveOf } from '../primitives/rules/table.js';

/** A function traced over fresh inputs. */
export interface OpenFunction<Y> {
  readonly result: Y;
  /** The fresh inputs, in the order of the tree. */
  readonly formals: readonly Node[];
  /** The node of the argument that each fresh input replaces. */
  readonly actuals: readonly Node[];
}

/** Tests if a node has a gradient. */
export const isFloat = (n: Node): boolean => n.dtype === 'float32';

/** Applies a function to its argument, with fresh inputs for the leaves that `isFresh` selects. */
export const open = <P, Y>(f: (p: P) => Y, p: P, isFresh: (leaf: Node) => boolean = isFloat): OpenFunction<Y> => {
  const actualOf = new Map<Node, Node>();
  const fresh = mapNodes(p, (actual) => {
    if (!isFresh(actual)) return actual;
    const formal = inputLike(actual);
    actualOf.set(formal, actual);
    return formal;
  }) as P; // a tree of the same types
  return { result: f(fresh), formals: [...actualOf.keys()], actuals: [...actualOf.values()] };
};

/** The tensors that a function captures, except for constants: operands that do not depend on `formals`. */
const captured = (root: Node, formals: readonly Node[]): readonly Node[] => {
  const inside = new Set(formals);
  const outside = new Set<Node>();
  for (const n of reachable([root], new Set(formals))) {
    if (n.inputs.some((input) => inside.has(input))) inside.add(n);
    else if (isInput(n) || n.inputs.some((input) => outside.has(input))) outside.add(n);
  }
  return outside.has(root)
    ? [root]
    : [...new Set([...inside].flatMap(({ inputs }) => inputs.filter((input) => outside.has(input))))];
};

/** Replaces the captured tensors of an opened function by fresh inputs too, so that its graph has no other inputs. */
export const closed = ({ result, formals, actuals }: OpenFunction<AnyTensor>): OpenFunction<Node> => {
  const root = nodeOf(result);
  const captives = captured(root, formals);
  const fresh = captives.map(inputLike);
  return {
    result: substitute([root], captives, fresh)[0],
    formals: [...formals, ...fresh],
    actuals: [...actuals, ...captives],
  };
};

/** The cotangents of the inputs of a node, from the cotangent of its result; null if there is none. */
export const cotangents = (n: Node, g: Node): readonly (Node | null)[] => primitiveOf(n).derivative?.(n, g) ?? [];

/** Replaces composites without a derivative by their decompositions. */
const differentiable = decomposeUnless(({ derivative }) => derivative !== undefined);

export interface Differentiated {
  /** The outputs in the form that was differentiated. Use these outputs, so that they share work with the gradients. */
  readonly outputs: readonly Node[];
  /** A gradient for each input; zeros if the outputs do not depend on it. */
  readonly gradients: readonly Node[];
}

/** Pulls the cotangents `seeds` of `outputs` back to `inputs`: fresh float32 inputs that {@link open} made. */
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
