/** The passes over a graph, before it is lowered. */
import { decompose } from '../../composites/decompose.js';
import { showType } from '../../../internal/errors.js';
import type { Pieces } from '../../../internal/stop.js';
import { type ConstantData, type Node, reachable, rewrite, operandOf } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { isSameShape } from '../../primitives/checks.js';
import { constant } from '../../primitives/index.js';
import { dataOf, primitiveOf } from '../../primitives/rules/table.js';
import { checkInputs, checkKeys } from './checks.js';

type Roots = readonly Node[];

const isEmpty = (n: Node): boolean => sizeOf(n.shape) === 0;

/** Replaces empty tensors, and results of empty operands, by constants, so that backends never see empty tensors. */
const foldEmpty = (roots: Roots): Roots =>
  rewrite(roots, (n) => {
    const { ofNothing, lowering } = primitiveOf(n);
    if (lowering.class === 'source' || n.dtype === 'key') return n;
    if (isEmpty(n)) return constant(new Float64Array(0), n.shape, n.dtype);
    return (n.inputs.some(isEmpty) && ofNothing?.(n)) || n;
  });

/** The number that all elements of a node are equal to, if it is a movement of a constant of one number; otherwise null. */
const uniformOf = (n: Node): number | null => {
  const { lowering, isUnique } = primitiveOf(n);
  if (lowering.class === 'movement') return isUnique ? null : uniformOf(operandOf(n));
  const data = dataOf(n);
  return data?.length === 1 ? data[0]! : null;
};

/** Applies the algebraic rules of the primitives, inputs first, so that one pass simplifies most chains completely. */
const simplify = (roots: Roots): Roots => rewrite(roots, (n) => primitiveOf(n).simplify?.(n, uniformOf) ?? n);

/** Formats attributes; `identify` names functions and data. */
const textOf = (value: unknown, identify: (x: object) => string): string => {
  if (typeof value === 'function' || ArrayBuffer.isView(value)) return identify(value);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value); // 1/−0 is −∞
  let text = Array.isArray(value) ? '[' : '{';
  // `for … in` gives keys of `value`; TypeScript types them as strings
  for (const key in value) text += `${key}:${textOf(value[key as never], identify)},`;
  return text;
};

/**
 * Eliminates common subexpressions: merges nodes with equal op, attributes, shape, dtype and (merged) inputs, except for
 * unique nodes, such as inputs.
 */
const share = (roots: Roots): Roots => {
  const ids = new Map<object, number>();
  const identify = (x: object): string => {
    const id = ids.get(x) ?? ids.size;
    if (id === ids.size) ids.set(x, id);
    return `#${id}`;
  };
  const nameOf = (x: object): string => {
    if (!ArrayBuffer.isView(x)) return identify(x);
    const data = x as ConstantData; // an attribute that is a view is a typed array
    return data.length <= 16 ? `${x.constructor.name}${textOf([...data], identify)}` : identify(x);
  };
  const known = new Map<string, Node>();
  return rewrite(roots, (n) => {
    if (primitiveOf(n).isUnique) return n;
    const key = `${n.op}|${n.dtype}|${n.shape.join(',')}|${textOf(n.attributes, nameOf)}|${n.inputs.map(identify).join()}`;
    const before = known.get(key);
    if (before === undefined) known.set(key, n);
    return before ?? n;
  });
};

/**
 * Checks that each node has the shape and dtype that its constructor computes, and is deeper than its inputs. Skips the nodes
 * in `verified`. Throws a plain `Error`, because a malformed node is a bug in noisefold.
 */
const verify = (roots: Roots, verified: Set<Node>): void => {
  for (const n of reachable(roots, verified)) {
    const rebuilt = primitiveOf(n).rebuild(n);
    const isSame = n.dtype === rebuilt.dtype && isSameShape(n.shape, rebuilt.shape);
    if (!isSame || n.inputs.some((input) => input.depth >= n.depth)) {
      const [actual, expected] = [n, rebuilt].map(showType);
      throw new Error(`noisefold: the passes made a malformed ${n.op}: ${actual}, should be ${expected}`);
    }
  }
};

/**
 * Checks the graph, runs all passes in order, and verifies their result. `native` names the composites that the backend has a
 * kernel for. Raises `ConfigError` and `KeyReused`.
 */
export function* optimized(roots: Roots, inputs: readonly Node[], native: readonly string[]): Pieces<Roots> {
  const traced = reachable(roots);
  checkInputs(traced, inputs);
  checkKeys(traced);
  const passes: readonly ((roots: Roots) => Roots)[] = [(r) => decompose(r, native), foldEmpty, simplify, share];
  let optimal = roots;
  for (const pass of passes) {
    optimal = pass(optimal);
    yield;
  }
  verify(optimal, new Set(traced)); // the constructors of the primitives have verified the traced nodes
  yield;
  return optimal;
}
