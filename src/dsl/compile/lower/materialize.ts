import { type Node } from '../../graph/node.js';
import { loweringAs } from '../../primitives/table.js';
import { classOf, efforts, isCheap, isRepeated, isRepeating, writtenOf } from './classes.js';
import { isDense, viewOf } from './views.js';

/** Regions larger than this are cut. */
const LARGEST_BODY = 96;

/** The demands of a node's consumers. */
interface Demand {
  /** The stored nodes whose regions compute it; of more than two, two. */
  by: readonly Node[];
  viewed: boolean;
  dense: boolean;
  repeated: boolean;
}

const NOBODY: readonly Node[] = [];

const withOne = (some: readonly Node[], n: Node): readonly Node[] =>
  some.length > 1 || some.includes(n) ? some : [...some, n];

/**
 * A node that is compared with its own largest or smallest element (as in the derivative of a maximum) is
 * computed once: two computations may round differently, and then no element is equal to the extremum.
 */
const comparedWithExtremum = (order: readonly Node[]): readonly Node[] => {
  const compared = new Set(
    order.flatMap((n) => (loweringAs(n, 'elementwise')?.isEquality?.(n) ? n.inputs : [])),
  );
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
 * Decides which nodes get a buffer. The others are computed inside the regions of the nodes that need
 * them, again in each where that is cheap: that is what keeps the activations of a training step few.
 *
 * `order` holds all nodes, inputs first; `wanted` those that must be stored (outputs, and what an
 * earlier attempt found no index arithmetic for). A region has at most `mostBuffers`.
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
      if (isStored) {
        demand.repeated ||= repeats;
        continue;
      }
      demand.repeated ||= repeats || own.repeated;
    }
    // a kernel that reads a view reads what the view is of
    if (kind === 'movement' && !isStored && (own.viewed || own.dense))
      demands.get(viewOf(n, (x) => required.has(x))!.base)!.viewed = true;
  }
  const more = (known: ReadonlySet<Node>) => readable(order, limited(order, known, mostBuffers));
  // what is stored for one expression, another that has it loads beside what it is made of
  const settled = (known: ReadonlySet<Node>): ReadonlySet<Node> => {
    const all = more(known);
    return all.size === known.size ? all : settled(all);
  };
  return mostBuffers === Infinity ? more(stored) : settled(more(stored));
};

/** Stores further movements that a kernel could not read as a view, now that it is known what is stored. */
const readable = (order: readonly Node[], stored: ReadonlySet<Node>): ReadonlySet<Node> => {
  const all = new Set(stored);
  const isReadable = (x: Node, dense: boolean): boolean => {
    const view = viewOf(x, (y) => all.has(y));
    return view !== null && (!dense || isDense(x.shape, view.strides));
  };
  const kernels = order.filter((n) => ['anchor', 'library'].includes(classOf(n)));
  // what is stored can stand in the way of a view through it
  for (let before = -1; before < all.size;) {
    before = all.size;
    for (const n of kernels)
      for (const x of n.inputs) if (!isReadable(x, classOf(n) === 'library')) all.add(x);
  }
  return all;
};

/** The size of a node's expression within the region that computes it. */
interface Extent {
  readonly length: number;
  /** The nodes that it loads. */
  readonly loaded: ReadonlySet<Node>;
}

/** Stores further nodes where the expression of one region would grow too long, or load from too many buffers. */
const limited = (
  order: readonly Node[],
  stored: ReadonlySet<Node>,
  mostBuffers: number,
): ReadonlySet<Node> => {
  const cut = new Set(stored);
  const inline = new Map<Node, Extent>();
  const extentOf = (n: Node): Extent => inline.get(n) ?? { length: 1, loaded: new Set([n]) };
  const ofInputs = ({ inputs }: Node): Extent => {
    const extents = inputs.map(extentOf);
    return {
      length: extents.reduce((sum, { length }) => sum + length, 0),
      loaded: new Set(extents.flatMap(({ loaded }) => [...loaded])),
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
    // its own result takes one
    while (below.loaded.size > mostBuffers - 1) {
      const [most] = [...n.inputs].sort((a, b) => extentOf(b).loaded.size - extentOf(a).loaded.size);
      store(most!);
      below = ofInputs(n);
    }
    const length = below.length + (kind === 'movement' ? 0 : 1);
    if (length > LARGEST_BODY) store(n);
    else if (!cut.has(n)) inline.set(n, { ...below, length });
  }
  return cut;
};
