/** Traces functions of trees of tensors over fresh inputs. */
import { type Node, reachable, substitute } from '../graph/node.js';
import { inputLike, isInput } from '../primitives/index.js';
import { type AnyTensor, mapNodes, nodeOf } from '../graph/tensor.js';

/** A function traced over fresh inputs. */
export interface Opened<Y> {
  readonly result: Y;
  /** The fresh inputs, in the order of the tree. */
  readonly formals: readonly Node[];
  /** The node of the argument that each fresh input replaces. */
  readonly actuals: readonly Node[];
}

/** Tests if a node has a gradient. */
export const isFloat = (n: Node): boolean => n.dtype === 'float32';

/** Applies a function to its argument, with fresh inputs for the leaves that `isFresh` selects. */
export const open = <P, Y>(f: (p: P) => Y, p: P, isFresh: (leaf: Node) => boolean = isFloat): Opened<Y> => {
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
  for (const n of reachable([root], formals)) {
    if (n.inputs.some((input) => inside.has(input))) inside.add(n);
    else if (isInput(n) || n.inputs.some((input) => outside.has(input))) outside.add(n);
  }
  return outside.has(root)
    ? [root]
    : [...new Set([...inside].flatMap(({ inputs }) => inputs.filter((input) => outside.has(input))))];
};

/** Replaces the captured tensors of an opened function by fresh inputs too, so that its graph has no other inputs. */
export const closed = ({ result, formals, actuals }: Opened<AnyTensor>): Opened<Node> => {
  const root = nodeOf(result);
  const captives = captured(root, formals);
  const fresh = captives.map(inputLike);
  return {
    result: substitute([root], captives, fresh)[0]!,
    formals: [...formals, ...fresh],
    actuals: [...actuals, ...captives],
  };
};
