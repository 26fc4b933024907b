/** A loop nest with its memory: what a shader carries out. */
import { dependences, type Nest, operandsOf, simplified } from '../../shared/nest.js';
import type { Place } from './memory.js';
import type { Binding } from './shader.js';
import { type Element, elementOf } from './types.js';

/** An access of a nest. */
export interface View extends Place {
  /** One for each loop. */
  readonly strides: readonly number[];
}

export interface Work {
  readonly nest: Nest;
  readonly loads: readonly View[];
  readonly stores: readonly View[];
  readonly bindings: readonly Binding[];
  /** For each assignment whether anything that is stored needs it. */
  readonly live: readonly boolean[];
  /** For each assignment the loops that its value varies with, one bit each. */
  readonly depends: readonly number[];
  /** The element of each binding: where dtypes share one, integers. */
  readonly elements: readonly Element[];
  /** The elements of a binding that is one buffer's memory, or null. */
  readonly elementsOf: (binding: number) => number | null;
}

/** A work as it is given: its bindings may be more than are used. */
export interface Draft {
  readonly nest: Nest;
  readonly loads: readonly Place[];
  readonly stores: readonly Place[];
  readonly bindings: readonly Binding[];
  readonly elementsOf: (binding: number) => number | null;
}

const liveIn = ({ body, stores }: Nest): readonly boolean[] => {
  const needed = new Set(stores.map(({ value }) => value));
  for (let at = body.length - 1; at >= 0; at--)
    if (needed.has(at)) for (const operand of operandsOf(body[at]!)) needed.add(operand);
  return body.map((_, at) => needed.has(at));
};

/** With the simplest nest, and the bindings that it uses. */
export const workOf = ({ nest: given, loads, stores, bindings, elementsOf }: Draft): Work => {
  const nest = simplified(given);
  const elements: (Element | undefined)[] = bindings.map(() => undefined);
  const meet = ({ binding }: Place, element: Element): void => {
    const before = elements[binding];
    elements[binding] = before === undefined || before === element ? element : 'i32';
  };
  const live = liveIn(nest);
  nest.body.forEach((a, i) => {
    if (a.op === 'load' && live[i] === true) meet(loads[a.load]!, elementOf(a.dtype));
  });
  nest.stores.forEach((s, i) => meet(stores[i]!, elementOf(nest.body[s.value]!.dtype)));
  const used = bindings.flatMap((_, b) => (elements[b] === undefined ? [] : [b]));
  const view = ({ binding, offset }: Place, strides: readonly number[]): View => ({
    binding: used.indexOf(binding),
    offset,
    strides,
  });
  return {
    nest,
    loads: loads.map((place, i) => view(place, nest.loads[i]!)),
    stores: stores.map((place, i) => view(place, nest.stores[i]!.strides)),
    bindings: used.map((b) => bindings[b]!),
    depends: dependences(nest),
    live,
    elements: used.map((b) => elements[b]!),
    elementsOf: (binding) => elementsOf(used[binding]!),
  };
};

/** The accesses that are carried out. */
export const viewsOf = ({ nest, loads, stores, live }: Work): readonly View[] => [
  ...stores,
  ...nest.body.flatMap((a, i) => (a.op === 'load' && live[i] === true ? [loads[a.load]!] : [])),
];

const footprint = ({ strides }: View, extents: readonly number[]): number =>
  strides.reduce((product, stride, loop) => (stride === 0 ? product : product * extents[loop]!), 1);

/** The loops by how far apart in memory their steps are, the nearest first, in the access of most elements. */
export const nearestFirst = (work: Work): readonly number[] => {
  const extents = work.nest.loops.map(({ extent }) => extent);
  const [main] = [...viewsOf(work)].sort((a, b) => footprint(b, extents) - footprint(a, extents)); // the first of equals
  const distance = (loop: number): number => Math.abs(main?.strides[loop] ?? 0) || Infinity;
  const loops = extents.map((_, loop) => loop);
  return loops.sort((a, b) => (distance(a) === distance(b) ? b - a : distance(a) - distance(b)));
};
