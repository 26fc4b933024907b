import { type Node } from '../../graph/node.js';
import { loweringAs } from '../../primitives/table.js';
import { classOf, efforts, isCheap, isRepeated, isRepeating, writtenOf } from './classes.js';
import { isDense, viewOf } from './views.js';

/** The most assignments in the body of a region. */
const LARGEST_BODY = 96;

/** The requirements of the consumers of a node. */
interface Demand {
  /** Stored nodes whose regions compute it, at most two. */
  by: readonly Node[];
  viewed: boolean;
  dense: boolean;
  repeated: boolean;
}

const NOBODY: readonly Node[] = [];

const withOne = (some: readonly Node[], n: Node): readonly Node[] =>
  some.length > 1 || some.includes(n) ? some : [...some, n];

/**
 * The nodes that are compared with their own largest or smallest element, as in the derivative of a maximum. They must be
 * stored: a second computation may round differently, so that no element is equal.
 */
const comparedWithExtremum = (order: readonly Node[]): readonly Node[] => {
  const compared = new Set(order.flatMap((n) => (loweringAs(n, 'elementwise')?.isEquality?.(n) ? n.inputs : [])));
  return order.flatMap((n) => {
    const reduce = writtenOf(n)?.reduce;
    if (reduce !== 'max' && reduce !== 'min') return [];
    let at: Node = n.inputs[0]!;
    if (!compared.has(at)) return [];
    while (classOf(at) === 'movement') at = at.inputs[0]!;
    return classOf(at) === 'elementwise' ? [at] : [];
  });
};

/**
 * Decides which nodes get a buffer. The others are computed inline in the regions of their consumers, in several if that is
 * cheap; so a training step stores few activations.
 *
 * `order` holds all nodes, inputs first; `wanted` those that must be stored: outputs, and operands of reshapes without
 * index arithmetic. A region accesses at most `mostBuffers` buffers.
 */
export const materialize = (
  order: readonly Node[],
  wanted: ReadonlySet<Node>,
  mostBuffers = Infinity,
): ReadonlySet<Node> => {
  const required = new Set([...wanted, ...comparedWithExtremum(order)]);
  const effort = efforts(order);
  const stored = new Set<Node>();
  const demands = new Map<Node, Demand>(
    order.map((n) => [n, { by: NOBODY, viewed: false, dense: false, repeated: false }]),
  );

  const mustStore = (n: Node): boolean => {
    if (required.has(n)) return true;
    const { by, viewed, dense, repeated } = demands.get(n)!;
    const own = effort.get(n)!;
    switch (classOf(n)) {
      case 'source':
      case 'key':
        return false;
      case 'movement': {
        if (!viewed && !dense) return false;
        const view = viewOf(n, (x) => required.has(x));
        return view === null || (dense && !isDense(n.shape, view.strides));
      }
      case 'elementwise':
        if (viewed || dense) return true;
        if (repeated && !isRepeated(own)) return true;
        return by.length > 1 && !isCheap(own);
      case 'region':
      case 'anchor':
      case 'library':
      case 'random':
        return true;
    }
  };

  for (const n of [...order].reverse()) {
    const kind = classOf(n);
    const own = demands.get(n)!;
    const isStored = mustStore(n);
    if (isStored) stored.add(n);
    const repeats = isRepeating(n);
    for (const input of n.inputs) {
      const demand = demands.get(input)!;
      if (kind === 'anchor') demand.viewed = true;
      else if (kind === 'library') demand.dense = true;
      else demand.by = (isStored ? [n] : own.by).reduce(withOne, demand.by);
      demand.repeated ||= repeats || (!isStored && own.repeated);
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
  return mostBuffers === Infinity ? more(stored) : untilStable(more(stored));
};

/** Adds the movements that a kernel cannot read as a view, given the stored nodes. */
const readable = (order: readonly Node[], stored: ReadonlySet<Node>): ReadonlySet<Node> => {
  const all = new Set(stored);
  const isReadable = (x: Node, dense: boolean): boolean => {
    const view = viewOf(x, (y) => all.has(y));
    return view !== null && (!dense || isDense(x.shape, view.strides));
  };
  const kernels = order.filter((n) => ['anchor', 'library'].includes(classOf(n)));
  // a newly stored node can break a view through it
  for (let before = -1; before < all.size;) {
    before = all.size;
    for (const n of kernels) for (const x of n.inputs) if (!isReadable(x, classOf(n) === 'library')) all.add(x);
  }
  return all;
};

/** The expression of a node that is computed inline. */
interface Expression {
  readonly length: number;
  /** The stored nodes that it loads. */
  readonly loaded: ReadonlySet<Node>;
}

/** Adds nodes so that no expression of a region is too long or loads from too many buffers. */
const limited = (order: readonly Node[], stored: ReadonlySet<Node>, mostBuffers: number): ReadonlySet<Node> => {
  const cut = new Set(stored);
  const inline = new Map<Node, Expression>();
  const expressionOf = (n: Node): Expression => inline.get(n) ?? { length: 1, loaded: new Set([n]) };
  const ofInputs = ({ inputs }: Node): Expression => {
    const expressions = inputs.map(expressionOf);
    return {
      length: expressions.reduce((sum, { length }) => sum + length, 0),
      loaded: new Set(expressions.flatMap(({ loaded }) => [...loaded])),
    };
  };
  const store = (n: Node): void => {
    cut.add(n);
    inline.delete(n);
  };
  for (const n of order) {
    const kind = classOf(n);
    if (kind !== 'elementwise' && kind !== 'movement') continue;
    let below = ofInputs(n);
    // one buffer is for the result
    while (below.loaded.size > mostBuffers - 1) {
      const [most] = [...n.inputs].sort((a, b) => expressionOf(b).loaded.size - expressionOf(a).loaded.size);
      store(most!);
      below = ofInputs(n);
    }
    const length = below.length + (kind === 'movement' ? 0 : 1);
    if (length > LARGEST_BODY) store(n);
    else if (!cut.has(n)) inline.set(n, { ...below, length });
  }
  return cut;
};
