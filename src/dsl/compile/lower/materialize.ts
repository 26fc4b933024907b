import { type Node, operandOf } from '../../graph/node.js';
import { loweringAs, primitiveOf } from '../../primitives/rules/table.js';
import { classOf, efforts, isCheap, isInline, isMovement, isRepeated, isRepeating, writtenOf } from './classes.js';
import { isDense, viewOf } from './views.js';
import { entryOf } from '../../../internal/lookup.js';

/** The maximum number of assignments in the body of a region. */
const LARGEST_BODY = 96;

/** The requirements of the consumers of a node. */
interface Demand {
  /** Stored nodes whose regions compute it, at most two. */
  by: readonly Node[];
  viewed: boolean;
  dense: boolean;
  repeated: boolean;
}

const withOne = (some: readonly Node[], n: Node): readonly Node[] =>
  some.length > 1 || some.includes(n) ? some : [...some, n];

/**
 * The nodes that are compared with their own largest or smallest element, as in the derivative of a maximum. They must
 * be stored, because a second computation may round differently, so that no element would be equal.
 */
const comparedWithExtremum = (order: readonly Node[]): readonly Node[] => {
  const compared = new Set(order.flatMap((n) => (loweringAs(n, 'elementwise')?.isEquality?.(n) ? n.inputs : [])));
  return order.flatMap((n) => {
    const reduce = writtenOf(n)?.reduce;
    if (reduce !== 'max' && reduce !== 'min') return [];
    let at: Node = operandOf(n);
    if (!compared.has(at)) return [];
    while (classOf(at) === 'movement') at = operandOf(at);
    return classOf(at) === 'elementwise' ? [at] : [];
  });
};

/**
 * Decides which nodes get a buffer. The others are computed inline in the regions of their consumers, in several
 * regions if that is cheap, so that a training step stores few activations.
 *
 * `order` holds all nodes, inputs first. `initial` holds the nodes that must be stored: outputs, and operands of
 * reshapes without index arithmetic. A region accesses at most `mostBuffers` buffers.
 */
export const materialize = (
  order: readonly Node[],
  initial: ReadonlySet<Node>,
  mostBuffers = Infinity,
): ReadonlySet<Node> => {
  const required = new Set([...initial, ...comparedWithExtremum(order)]);
  const effort = efforts(order);
  const inMemory = new Set<Node>();
  const none = { by: [], viewed: false, dense: false, repeated: false };
  const demands = new Map<Node, Demand>(order.map((n) => [n, { ...none }]));

  const mustStore = (n: Node): boolean => {
    const kind = classOf(n);
    if (required.has(n)) return true;
    if (!isInline(n)) return kind !== 'source' && kind !== 'key';
    const { by, viewed, dense, repeated } = entryOf(demands, n);
    if (kind === 'movement') return (viewed || dense) && !isReadable(n, required, dense);
    const own = entryOf(effort, n);
    return viewed || dense || (repeated && !isRepeated(own)) || (by.length > 1 && !isCheap(own));
  };

  for (const n of [...order].reverse()) {
    const kind = classOf(n);
    const own = entryOf(demands, n);
    const isStored = mustStore(n);
    if (isStored) inMemory.add(n);
    for (const input of n.inputs) {
      const demand = entryOf(demands, input);
      if (kind === 'anchor' || primitiveOf(n).isStored) demand.viewed = true;
      else if (kind === 'library') demand.dense = true;
      else demand.by = (isStored ? [n] : own.by).reduce(withOne, demand.by);
      demand.repeated ||= isRepeating(n) || (!isStored && own.repeated);
    }
    // a kernel that reads a view reads its base
    if (kind === 'movement' && !isStored && (own.viewed || own.dense))
      demands.get(viewOf(n, (x) => required.has(x))!.base)!.viewed = true;
  }
  const more = (known: ReadonlySet<Node>) => readable(order, limited(order, known, mostBuffers));
  // a node that is stored for one expression adds a load to other expressions
  const untilStable = (known: ReadonlySet<Node>): ReadonlySet<Node> => {
    const all = more(known);
    return all.size === known.size ? all : untilStable(all);
  };
  return mostBuffers === Infinity ? more(inMemory) : untilStable(more(inMemory));
};

/** True if a kernel can read a node as a view of a stored one. */
const isReadable = (n: Node, inMemory: ReadonlySet<Node>, dense: boolean): boolean => {
  const view = viewOf(n, (x) => inMemory.has(x));
  return view !== null && (!dense || isDense(n.shape, view.strides));
};

/** Adds the movements that a kernel cannot read as a view, given the stored nodes. */
const readable = (order: readonly Node[], inMemory: ReadonlySet<Node>): ReadonlySet<Node> => {
  const all = new Set(inMemory);
  const kernels = order.filter((n) => ['anchor', 'library'].includes(classOf(n)));
  // a newly stored node can break a view through it
  for (let before = -1; before < all.size;) {
    before = all.size;
    for (const n of kernels) for (const x of n.inputs) if (!isReadable(x, all, classOf(n) === 'library')) all.add(x);
  }
  return all;
};

/** The expression of a node that is computed inline. */
interface Expression {
  readonly length: number;
  /** The stored nodes that it loads; empty if a region may load any number. */
  readonly loaded: ReadonlySet<Node>;
}

const NONE: ReadonlySet<Node> = new Set();

/** Adds nodes so that no expression of a region is too long or loads from too many buffers. */
const limited = (order: readonly Node[], inMemory: ReadonlySet<Node>, mostBuffers: number): ReadonlySet<Node> => {
  const cut = new Set(inMemory);
  const inline = new Map<Node, Expression>();
  const isLimited = mostBuffers !== Infinity;
  const expressionOf = (n: Node): Expression => inline.get(n) ?? { length: 1, loaded: isLimited ? new Set([n]) : NONE };
  const ofInputs = ({ inputs }: Node): Expression => {
    const expressions = inputs.map(expressionOf);
    return {
      length: expressions.reduce((sum, { length }) => sum + length, 0),
      loaded: isLimited ? new Set(expressions.flatMap(({ loaded }) => [...loaded])) : NONE,
    };
  };
  const store = (n: Node): void => {
    cut.add(n);
    inline.delete(n);
  };
  for (const n of order.filter(isInline)) {
    let below = ofInputs(n);
    // one buffer is for the result
    while (below.loaded.size > mostBuffers - 1) {
      const [most] = [...n.inputs].sort((a, b) => expressionOf(b).loaded.size - expressionOf(a).loaded.size);
      store(most!);
      below = ofInputs(n);
    }
    const length = below.length + (isMovement(n) ? 0 : 1);
    if (length > LARGEST_BODY) store(n);
    else if (!cut.has(n)) inline.set(n, { ...below, length });
  }
  return cut;
};
