/** A loop nest with its memory: the input of shader generation. */
import { liveIn } from '../../../dsl/graph/region.js';
import { dependences, type Nest, simplified } from '../../shared/regions/nest.js';
import type { Place } from './bindings.js';
import type { Binding } from './shader.js';
import { type Element, elementOf } from './library/types.js';

/** A load or store of a nest. */
export interface View extends Place {
  /** In elements, one for each loop. */
  readonly strides: readonly number[];
}

export interface BoundNest {
  readonly nest: Nest;
  readonly loads: readonly View[];
  readonly stores: readonly View[];
  readonly bindings: readonly Binding[];
  /** For each assignment: true if a stored value depends on it. */
  readonly live: readonly boolean[];
  /** For each assignment: the set of loops on which its value depends, one bit per loop. */
  readonly depends: readonly number[];
  /** Element type of each binding: `i32` if float32 and other dtypes share it. */
  readonly elements: readonly Element[];
  /** The number of elements of a binding that covers one buffer, else null. */
  readonly elementsOf: (binding: number) => number | null;
}

/** A nest before simplification. Some of its bindings may be unused. */
export interface RawNest {
  readonly nest: Nest;
  readonly loads: readonly Place[];
  readonly stores: readonly Place[];
  readonly bindings: readonly Binding[];
  readonly elementsOf: (binding: number) => number | null;
}

/** Simplifies the nest and keeps only the bindings that it uses. */
export const boundNestOf = ({ nest: raw, loads, stores, bindings, elementsOf }: RawNest): BoundNest => {
  const nest = simplified(raw);
  const elements: (Element | undefined)[] = bindings.map(() => undefined);
  const unify = ({ binding }: Place, element: Element): void => {
    const before = elements[binding];
    elements[binding] = before === undefined || before === element ? element : 'i32';
  };
  const live = liveIn(nest.body, nest.stores);
  nest.body.forEach((a, i) => {
    if (a.op === 'load' && live[i] === true) unify(loads[a.load]!, elementOf(a.dtype));
  });
  nest.stores.forEach((s, i) => unify(stores[i]!, elementOf(nest.body[s.value]!.dtype)));
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

/** The stores, and the loads that a stored value depends on. */
export const viewsOf = ({ nest, loads, stores, live }: BoundNest): readonly View[] => [
  ...stores,
  ...nest.body.flatMap((a, i) => (a.op === 'load' && live[i] === true ? [loads[a.load]!] : [])),
];

const footprint = ({ strides }: View, extents: readonly number[]): number =>
  strides.reduce((product, stride, loop) => (stride === 0 ? product : product * extents[loop]!), 1);

/** Sorts the loops by their stride in the access with the most elements, smallest stride first ("nearest first"). */
export const nearestFirst = (bound: BoundNest): readonly number[] => {
  const extents = bound.nest.loops.map(({ extent }) => extent);
  const [main] = [...viewsOf(bound)].sort((a, b) => footprint(b, extents) - footprint(a, extents)); // the first of several
  const distance = (loop: number): number => Math.abs(main?.strides[loop] ?? 0) || Infinity;
  const loops = extents.map((_, loop) => loop);
  return loops.sort((a, b) => (distance(a) === distance(b) ? b - a : distance(a) - distance(b)));
};
