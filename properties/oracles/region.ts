/** Evaluates a region by its definition, one scalar at a time. */
import type { Access, Assignment, NumberType, Region } from '../../src/dsl/graph/region.js';
import { binaryFunction, castFunction, COMBINE, identityOf, unaryFunction } from '../../src/backends/shared/scalar.js';

/** Every index of a loop nest, outermost loop slowest. */
const indices = (extents: readonly number[]): readonly (readonly number[])[] =>
  extents.reduce<readonly (readonly number[])[]>(
    (outer, extent) => outer.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );

const addressAt = ({ offset, strides }: Omit<Access, 'buffer'>, index: readonly number[]): number =>
  strides.reduce((sum, stride, loop) => sum + stride * (index[loop] ?? 0), offset);

/**
 * Evaluates a region on arrays by buffer. `round` is applied to each float32 result: the identity for
 * arithmetic in float64, `Math.fround` for arithmetic in float32. `entering` is applied to constants and
 * integers that become float32: the identity for the numbers of the float64 reference.
 */
export const evaluateRegion = (
  region: Region,
  arrays: readonly { [index: number]: number }[],
  round: (x: number) => number = (x) => x,
  entering: (x: number) => number = Math.fround,
): void => {
  const { extents, reduced, loads, body, stores } = region;
  const kept = extents.length - reduced;

  const valuesAt = (index: readonly number[]): readonly number[] => {
    const values: number[] = [];
    const typeOf = (at: number): NumberType => body[at]!.dtype;
    const evaluate = (a: Assignment): number => {
      switch (a.op) {
        case 'load':
          return arrays[loads[a.load]!.buffer]![addressAt(loads[a.load]!, index)]!;
        case 'constant':
          return a.dtype === 'float32' ? entering(a.value) : a.value;
        case 'index':
          return addressAt(a, index);
        case 'unary':
          return unaryFunction(a.fn, typeOf(a.a))(values[a.a]!);
        case 'binary':
          return binaryFunction(a.fn, typeOf(a.a))(values[a.a]!, values[a.b]!);
        case 'select':
          return values[a.condition] === 0 ? values[a.b]! : values[a.a]!;
        case 'cast': {
          const value = castFunction(typeOf(a.a), a.dtype)(values[a.a]!);
          return typeOf(a.a) === 'int32' && a.dtype === 'float32' ? entering(value) : value;
        }
      }
    };
    for (const a of body) values.push(a.dtype === 'float32' ? round(evaluate(a)) : evaluate(a));
    return values;
  };

  for (const outer of indices(extents.slice(0, kept))) {
    const inner = indices(extents.slice(kept)).map((index) => valuesAt([...outer, ...index]));
    for (const store of stores) {
      const { dtype } = body[store.value]!;
      const results = inner.map((values) => values[store.value]!);
      const { reduce } = store;
      const combine = reduce === null ? null : binaryFunction(COMBINE[reduce], dtype);
      arrays[store.buffer]![addressAt(store, outer)] =
        reduce === null || combine === null
          ? results[0]!
          : results.reduce((sum, value) => combine(sum, value), identityOf(reduce, dtype));
    }
  }
};
