/** Extents that `compile` and `evaluate` bind to symbols, and the shapes of results at these extents. */
import {
  add,
  averagePool,
  compile,
  concat,
  type Dim,
  type Effect,
  evaluate,
  type Executable,
  type Feed,
  flip,
  halve,
  leafSpec,
  nonFiniteOrigin,
  program,
  type Program,
  reshape,
  square,
  type Tensor,
  treeSpec,
  upsample,
  type Value,
} from '../../src/dsl/index.js';
import { unet } from '../../src/nn/index.js';
import { unwrap } from '../../src/index.js';
import { F } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const n: number;
declare const record: Record<string, number>;
declare const x: Float32Array;

const squared = program({ x: 'B 2' }, (inputs) => square(inputs.x));
const constant = program('2 3', square);
const images = program('B H W 3', averagePool);

// the symbols of a program, and no others
compile(squared, { B: 4 });
evaluate(squared, { B: 4 })({ x });
// @ts-expect-error Type 'number' is not assignable to type '"the program has no symbol N"'
compile(squared, { B: 4, N: 2 });
// @ts-expect-error Type 'number' is not assignable to type '"the program has no symbol N"'
evaluate(squared, { B: 4, N: 2 });
// @ts-expect-error Type 'number' is not assignable to type '"the program has no symbol N"'
nonFiniteOrigin(squared, { B: 4, N: 2 }, { x });
// @ts-expect-error Type 'number' is not assignable to type '"the program has no symbol B"'
compile(constant, { B: 4 });
const bindings = { B: 4, N: 2 };
// @ts-expect-error Type 'number' is not assignable to type '"the program has no symbol N"'
compile(squared, bindings);
// @ts-expect-error Property 'B' is missing
compile(squared, {});
// @ts-expect-error 'b' does not exist in type
compile(squared, { b: 4 });
compile(constant, {});
const spread = { B: 4 };
compile(images, { ...spread, H: 8, W: n });

// programs whose types do not contain all symbols take any
declare const wide: Program<{ readonly x: Tensor<readonly Dim[]> }, Tensor<['B']>>;
declare const unknown: Program<unknown, unknown>;
compile(wide, { B: 4, N: 2 });
compile(unknown, { B: 4, N: 2 });
compile(squared, { ...record, B: 4 });
const hidden = treeSpec<{ readonly w: Tensor<[Dim, 2]> }>({ w: leafSpec(['N', 2]) });
compile(
  program({ x: 'B 2', params: hidden }, (inputs) => add(inputs.x, inputs.x)),
  { B: 4, N: 2 },
);
const model = unwrap(unet({ image: [8, 8, 1], base: 8, multipliers: [1] }));
const denoise = program({ params: model.params, x: 'B 8 8 1', t: 'B:int32' }, ({ params, x: given, t }) =>
  model.apply(params, given, { t }),
);
compile(denoise, { B: 2 });
// @ts-expect-error Property 'B' is missing
compile(denoise, {});

// results have the extents that literals give to their symbols
type Results<E> = E extends Effect<Executable<infer _I, infer O>> ? O : never;
type Inputs<E> = E extends Effect<Executable<infer I, infer _O>> ? Feed<I> : never;
const at8 = compile(images, { B: 2, H: 8, W: n });
declare const results: Results<typeof at8>;
expectType<Value<[2, 4, Dim, 3]>>()(results);
declare const inputs: Inputs<typeof at8>;
expectType<Feed<Value<[2, 8, Dim, 3]>>>()(inputs);
const shapes = program({ x: 'B H W C', y: 'B H W D' }, (given) => ({
  joined: concat(given.x, given.y),
  doubled: upsample(given.x),
  fourth: averagePool(averagePool(given.x)),
  again: upsample(averagePool(given.x)),
  halves: halve(concat(given.x, given.x)),
  mean: averagePool(concat(given.x, given.y)),
  flat: reshape(given.x, -1),
  one: concat(given.x, flip(given.x)),
}));
const bound = compile(shapes, { B: 2, H: 8, W: 12, C: 3, D: 5 });
declare const all: Results<typeof bound>;
expectType<Value<[2, 8, 12, 8]>>()(all.joined);
expectType<Value<[2, 16, 24, 3]>>()(all.doubled);
expectType<Value<[2, 2, 3, 3]>>()(all.fourth);
expectType<Value<[2, 8, 12, 3]>>()(all.again);
expectType<Value<[2, 8, 12, 3]>>()(all.halves[0]);
expectType<Value<[2, 4, 6, 8]>>()(all.mean);
expectType<Value<[2, 8, 12, 6]>>()(all.one);
// a product is not computed
expectType<Value<[Dim]>>()(all.flat);
const half = compile(shapes, { B: 2, H: n, W: 12, C: 3, D: n });
declare const some: Results<typeof half>;
expectType<Value<[2, Dim, 12, Dim]>>()(some.joined);
expectType<Value<[2, Dim, 3, 3]>>()(some.fourth);
// an odd extent has no half
// @ts-expect-error Type 'number' is not assignable to type '"the program halves H, but 7 is odd"'
const odd = compile(images, { B: 2, H: 7, W: 8 });
// @ts-expect-error Type 'number' is not assignable to type '"the program halves H, but 3 is odd"'
compile(program('B H W 3', F.flow(averagePool, averagePool)), { B: 2, H: 6, W: 8 });
declare const none: Results<typeof odd>;
expectType<Value<[2, '7 is odd: it has no half', 4, 3]>>()(none);
// so the results of one program fit the next
const next = compile(program('2 4 4 3', square), {});
const first = compile(images, { B: 2, H: 8, W: 8 });
declare const of: Results<typeof first>;
declare const run: (inputs: Inputs<typeof next>) => void;
run(of);
// @ts-expect-error is not assignable to parameter of type
run(results);
