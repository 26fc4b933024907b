/** Evaluates a region by its definition, one scalar at a time. */
import { COMBINE } from '../../src/backends/shared/reductions.js';
import { type Access, type Assignment, identityOf, type NumberType, type Region } from '../../src/dsl/graph/region.js';
import { castFunction } from '../../src/dsl/primitives/casts.js';
import * as scalar from '../../src/dsl/primitives/scalar.js';

const addressAt = ({ offset, strides }: Omit<Access, 'buffer'>, index: readonly number[]): number => {
  let address = offset;
  for (let loop = 0; loop < strides.length; loop++) address += strides[loop]! * (index[loop] ?? 0);
  return address;
};

/** The functions of elements; by default, their definitions. */
type Functions = Pick<typeof scalar, 'unaryFunction' | 'binaryFunction'>;

/** Elements of buffers. */
interface Elements {
  readonly read: (buffer: number, at: number) => number;
  readonly write: (buffer: number, at: number, value: number) => void;
}

/**
 * Evaluates a region on the elements of its buffers. `round` is applied to each float32 result: the identity for
 * arithmetic in float64, `Math.fround` for arithmetic in float32. `entering` is applied to constants and
 * integers that become float32: the identity for the numbers of the float64 reference.
 */
export const evaluateRegionIn = (
  { extents, reduced, loads, body, stores }: Region,
  { read, write }: Elements,
  round: (x: number) => number,
  entering: (x: number) => number,
  { unaryFunction, binaryFunction }: Functions = scalar,
): void => {
  const free = extents.length - reduced;
  const index = extents.map(() => 0);
  const values = new Float64Array(body.length);
  const typeOf = (at: number): NumberType => body[at]!.dtype;

  const evaluationOf = (a: Assignment): (() => number) => {
    switch (a.op) {
      case 'load': {
        const load = loads[a.load]!;
        return () => read(load.buffer, addressAt(load, index));
      }
      case 'constant': {
        const value = a.dtype === 'float32' ? entering(a.value) : a.value;
        return () => value;
      }
      case 'index':
        return () => addressAt(a, index);
      case 'unary': {
        const f = unaryFunction(a.fn, typeOf(a.a));
        return () => f(values[a.a]!);
      }
      case 'binary': {
        const f = binaryFunction(a.fn, typeOf(a.a));
        return () => f(values[a.a]!, values[a.b]!);
      }
      case 'select':
        return () => (values[a.condition] === 0 ? values[a.b]! : values[a.a]!);
      case 'cast': {
        const f = castFunction(typeOf(a.a), a.dtype);
        const enters = typeOf(a.a) === 'int32' && a.dtype === 'float32';
        return () => (enters ? entering(f(values[a.a]!)) : f(values[a.a]!));
      }
    }
  };
  const evaluations = body.map((a) => {
    const evaluation = evaluationOf(a);
    return a.dtype === 'float32' ? () => round(evaluation()) : evaluation;
  });
  const results = stores.map(({ value, reduce }) => {
    const { dtype } = body[value]!;
    return reduce === null
      ? { first: 0, combine: (_: number, x: number): number => x }
      : { first: identityOf(reduce, dtype), combine: scalar.binaryFunction(COMBINE[reduce], dtype) };
  });

  /** Visits every index of some loops, outermost loop slowest. */
  const visit = (from: number, to: number, body: () => void): void => {
    if (from === to) return body();
    for (let i = 0; i < extents[from]!; i++) {
      index[from] = i;
      visit(from + 1, to, body);
    }
  };
  visit(0, free, () => {
    const sums = results.map(({ first }) => first);
    visit(free, extents.length, () => {
      for (let at = 0; at < body.length; at++) values[at] = evaluations[at]!();
      for (let s = 0; s < stores.length; s++) sums[s] = results[s]!.combine(sums[s]!, values[stores[s]!.value]!);
    });
    index.fill(0, free); // the address of a store depends on the other loops only
    stores.forEach((store, s) => write(store.buffer, addressAt(store, index), sums[s]!));
  });
};

/** Evaluates a region on arrays by buffer, see {@link evaluateRegionIn}. */
export const evaluateRegion = (
  region: Region,
  arrays: readonly { [index: number]: number }[],
  round: (x: number) => number = (x) => x,
  entering: (x: number) => number = Math.fround,
  functions: Functions = scalar,
): void =>
  evaluateRegionIn(
    region,
    {
      read: (buffer, at) => arrays[buffer]![at]!,
      write: (buffer, at, value) => {
        arrays[buffer]![at] = value;
      },
    },
    round,
    entering,
    functions,
  );
