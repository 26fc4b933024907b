/** Random regions with memory for them, for tests of generated code. */
import * as fc from 'fast-check';
import type { BinaryFn, ReduceFn, UnaryFn } from '../../src/dsl/graph/node.js';
import { binaryFunctions, unaryFunctions } from '../../src/dsl/primitives/elementwise.js';
import type { Access, Assignment, NumberType, Region, Store } from '../../src/dsl/graph/region.js';

/** A region, the dtypes of its buffers, and their initial contents: zeros in those that are written. */
export interface RegionCase {
  readonly region: Region;
  readonly buffers: readonly { readonly dtype: NumberType; readonly data: readonly number[] }[];
}

/** The parts that a case may contain; all by default. */
export interface RegionChoices {
  readonly unary?: readonly UnaryFn[];
  readonly binary?: readonly BinaryFn[];
  readonly reduce?: readonly ReduceFn[];
  readonly dtypes?: readonly NumberType[];
  /** Leaves out NaN, infinities and numbers near the bounds of int32. */
  readonly tame?: boolean;
}

/** All functions of one and of two elements. */
export const UNARY = Object.keys(unaryFunctions) as readonly UnaryFn[]; // the keys of the record
export const BINARY = Object.keys(binaryFunctions) as readonly BinaryFn[];

/** The functions of one, and of two, elements of a dtype. */
export const unaryOf = (dtype: NumberType): readonly UnaryFn[] =>
  UNARY.filter((fn) => unaryFunctions[fn].takes.some((own) => own === dtype));
export const binaryOf = (dtype: NumberType): readonly BinaryFn[] =>
  BINARY.filter((fn) => binaryFunctions[fn].takes.some((own) => own === dtype));
const DTYPES: readonly NumberType[] = ['float32', 'int32', 'bool'];

const WILD: Readonly<Record<NumberType, readonly number[]>> = {
  float32: [NaN, Infinity, -Infinity, 1e30, -1e-30, -0],
  int32: [2147483647, -2147483648, 65537, 46341],
  bool: [],
};

/** Small random numbers by a linear congruential generator: arrays of them shrink to another seed. */
const numbers = (seed: number, count: number, dtype: NumberType, tame: boolean): readonly number[] => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => {
    const wild = WILD[dtype];
    if (!tame && wild.length > 0 && next() < 0.03) return wild[Math.floor(next() * wild.length)]!;
    if (dtype === 'bool') return next() < 0.5 ? 0 : 1;
    if (dtype === 'int32') return Math.floor(next() * 21) - 10;
    return next() < 0.2 ? Math.floor(next() * 9) - 4 : Math.fround(next() * 8 - 4);
  });
};

/** An access pattern: the loop that is innermost in memory, and the stride of each loop. */
interface Walk {
  readonly ranks: readonly number[];
  readonly steps: readonly ('forward' | 'backward' | 'repeat')[];
  readonly gap: number;
  readonly margin: number;
}

const walk: fc.Arbitrary<Walk> = fc.record({
  ranks: fc.array(fc.nat(100), { minLength: 5, maxLength: 5 }),
  steps: fc.array(fc.constantFrom('forward', 'forward', 'forward', 'backward', 'repeat'), {
    minLength: 5,
    maxLength: 5,
  }),
  gap: fc.constantFrom(1, 1, 1, 2),
  margin: fc.constantFrom(0, 0, 1, 3),
});

/** The simplest access pattern: row-major or nearly so, like most accesses. */
const plain: fc.Arbitrary<Walk> = walk.map((w) => ({ ...w, ranks: [0, 1, 2, 3, 4], gap: 1 }));

const accessOf = (
  { ranks, steps, gap, margin }: Walk,
  extents: readonly number[],
  buffer: number,
  fixed: (loop: number) => boolean,
): { readonly access: Access; readonly elements: number } => {
  const strides = extents.map(() => 0);
  let size = gap;
  let offset = margin;
  const inward = extents.map((_, loop) => loop).sort((a, b) => ranks[b]! - ranks[a]! || b - a);
  for (const loop of inward) {
    if (fixed(loop) || steps[loop] === 'repeat') continue;
    strides[loop] = steps[loop] === 'backward' ? -size : size;
    if (steps[loop] === 'backward') offset += (extents[loop]! - 1) * size;
    size *= extents[loop]!;
  }
  return { access: { buffer, offset, strides }, elements: size + 2 * margin };
};

interface Step {
  readonly kind: 'unary' | 'binary' | 'select' | 'cast' | 'constant' | 'index';
  readonly fn: number;
  readonly operands: readonly [number, number, number];
  readonly value: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('unary', 'unary', 'binary', 'binary', 'binary', 'select', 'cast', 'constant', 'index'),
  fn: fc.nat(1000),
  operands: fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000)),
  value: fc.integer({ min: -9, max: 9 }),
});

const pick = <A>(from: readonly A[], n: number): A => from[n % from.length]!;

/** Appends the assignments of a script, each with matching dtypes. */
const program = (
  start: readonly Assignment[],
  script: readonly Step[],
  extents: readonly number[],
  choices: Required<RegionChoices>,
): readonly Assignment[] => {
  const body: Assignment[] = [...start];
  /** An earlier value of a dtype; a constant, if there is none. */
  const operand = (dtype: NumberType, n: number): number => {
    const places = body.flatMap((a, at) => (a.dtype === dtype ? [at] : []));
    if (places.length > 0) return pick(places, n);
    return body.push({ op: 'constant', dtype, value: dtype === 'bool' ? n % 2 : n % 5 }) - 1;
  };
  const anyType = (n: number): NumberType => pick(choices.dtypes, n);
  /** One of the dtypes that a function takes; of those that are chosen, if there are some. */
  const anyOf = (takes: readonly NumberType[], n: number): NumberType => {
    const matches = takes.filter((dtype) => choices.dtypes.includes(dtype));
    return pick(matches.length > 0 ? matches : takes, n);
  };

  for (const { kind, fn, operands, value } of script) {
    const [a, b, c] = operands;
    if (kind === 'constant') {
      const dtype = anyType(fn);
      const number = dtype === 'bool' ? Math.abs(value) % 2 : dtype === 'int32' ? value : value / 7;
      body.push({ op: 'constant', dtype, value: number });
    } else if (kind === 'index') {
      const dtype = choices.dtypes.includes('int32') && fn % 2 === 0 ? 'int32' : 'float32';
      body.push({ op: 'index', dtype, offset: value, strides: extents.map((_, i) => ((fn >> i) % 3) - 1) });
    } else if (kind === 'unary' && choices.unary.length > 0) {
      const name = pick(choices.unary, fn);
      const { takes, gives } = unaryFunctions[name];
      const type = anyOf(takes, c);
      const x = operand(type, a);
      body.push({ op: 'unary', dtype: gives ?? type, fn: name, a: x });
    } else if (kind === 'binary' && choices.binary.length > 0) {
      const name = pick(choices.binary, fn);
      const { takes, gives } = binaryFunctions[name];
      const type = anyOf(takes, c);
      const x = operand(type, a);
      const y = operand(type, b);
      body.push({ op: 'binary', dtype: gives ?? type, fn: name, a: x, b: y });
    } else if (kind === 'select') {
      const dtype = anyType(fn);
      const condition = operand('bool', c);
      const x = operand(dtype, a);
      const y = operand(dtype, b);
      body.push({ op: 'select', dtype, condition, a: x, b: y });
    } else if (kind === 'cast') body.push({ op: 'cast', dtype: anyType(fn), a: a % body.length });
  }
  return body;
};

interface Script {
  readonly extents: readonly number[];
  readonly reduced: number;
  readonly loads: readonly { readonly walk: Walk; readonly dtype: number }[];
  readonly steps: readonly Step[];
  readonly stores: readonly { readonly walk: Walk; readonly value: number; readonly reduce: number }[];
  readonly seed: number;
}

const script: fc.Arbitrary<Script> = fc.record({
  extents: fc.oneof(
    fc.array(fc.constantFrom(1, 2, 3, 5), { maxLength: 4 }),
    fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom(4, 7, 16, 37)),
    fc.tuple(fc.constantFrom(4, 9, 18), fc.constantFrom(2, 3), fc.constantFrom(1, 4, 8)),
  ),
  reduced: fc.constantFrom(0, 0, 1, 1, 2, 4),
  loads: fc.array(fc.record({ walk: fc.oneof(walk, plain), dtype: fc.nat(100) }), {
    minLength: 1,
    maxLength: 4,
  }),
  steps: fc.array(step, { maxLength: 10 }),
  stores: fc.array(fc.record({ walk: fc.oneof(walk, plain), value: fc.nat(1000), reduce: fc.nat(100) }), {
    minLength: 1,
    maxLength: 3,
  }),
  seed: fc.nat(),
});

/** Loads may overlap and run backwards; each store has its own buffer, and writes no element twice. */
export const regionCase = (options: RegionChoices = {}): fc.Arbitrary<RegionCase> => {
  const choices = {
    unary: UNARY,
    binary: BINARY,
    reduce: ['sum', 'prod', 'max', 'min'] as const,
    dtypes: DTYPES,
    tame: false,
    ...options,
  };
  return script.map(({ extents, reduced: asked, loads, steps, stores, seed }) => {
    const reduced = Math.min(asked, extents.length);
    const free = extents.length - reduced;
    const buffers: { dtype: NumberType; data: readonly number[] }[] = [];
    const accesses = loads.map((load, i) => {
      const { access, elements } = accessOf(load.walk, extents, i, () => false);
      const dtype = pick(choices.dtypes, load.dtype);
      buffers.push({ dtype, data: numbers(seed + i, elements, dtype, choices.tame) });
      return access;
    });
    const start = accesses.map(({ buffer }, load): Assignment => ({ op: 'load', dtype: buffers[buffer]!.dtype, load })); // oxfmt-ignore
    const body = program(start, steps, extents, choices);
    const numeric = body.flatMap((a, at) => (a.dtype === 'bool' ? [] : [at]));
    const storable = reduced === 0 ? body.map((_, at) => at) : numeric;

    const results = (storable.length === 0 ? [] : stores).map((store): Store => {
      const onward: Walk = {
        ...store.walk,
        steps: store.walk.steps.map((s) => (s === 'repeat' ? 'forward' : s)),
      };
      const { access, elements } = accessOf(onward, extents, buffers.length, (loop) => loop >= free);
      const value = pick(storable, store.value);
      buffers.push({ dtype: body[value]!.dtype, data: Array.from({ length: elements }, () => 0) });
      return { ...access, value, reduce: reduced === 0 ? null : pick(choices.reduce, store.reduce) };
    });
    return { region: { extents, reduced, loads: accesses, body, stores: results }, buffers };
  });
};
