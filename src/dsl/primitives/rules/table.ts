/** The rules of all primitives, in which passes look up those of a node. */
import type { ConstantData, Distribution, Node, NodeFields, Op } from '../../graph/node.js';
import type { Class, Lowering, Primitive, Rules } from '../primitive.js';
import { elementwiseRules } from './elementwise.js';
import { markerRules } from './marker.js';
import { movementRules } from './movement.js';
import { productRules } from './products.js';
import { reductionRules } from './reduction.js';
import { rowRules } from './indexing.js';
import { sourceRules } from './source.js';

const primitives: Rules<Op> = {
  ...sourceRules,
  ...movementRules,
  ...elementwiseRules,
  ...reductionRules,
  ...rowRules,
  ...productRules,
  ...markerRules,
};

/** The rules of the primitive of a node. */
export const primitiveOf = <K extends Op>(n: NodeFields<K>): Primitive<K> => primitives[n.op];

/** The name of the operation of a node: `conv2d`, `sigmoid`, `normalize`. */
export const labelOf = (n: Node): string => primitiveOf(n).label?.(n) ?? n.op;

/** The lowering of a node of that class; null for other classes. */
export const loweringAs = <C extends Class>(n: Node, of: C): Extract<Lowering<Node>, { class: C }> | null => {
  const { lowering } = primitiveOf(n);
  // a comparison with a type parameter does not narrow
  return lowering.class === of ? (lowering as Extract<Lowering<Node>, { class: C }>) : null;
};

/** The numbers of a constant; null for other nodes. */
export const dataOf = (n: Node): ConstantData | null => loweringAs(n, 'source')?.data?.(n) ?? null;

/** The distribution that a node draws from; null for other nodes. */
export const drawOf = (n: Node): Distribution | null => loweringAs(n, 'random')?.distribution(n) ?? null;

/** The two words that a derived key folds into its operand; null for other nodes. */
export const wordsOf = (n: Node): readonly [number, number] | null => loweringAs(n, 'key')?.words(n) ?? null;
