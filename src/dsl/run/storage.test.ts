import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/index.js';
import { errorIn, open } from '../../index.js';
import { floatsOfBfloats, floatsOfHalves } from '../../internal/numerics/float16.js';
import { bfloatsOf, halvesOf } from '../../internal/numerics/toFloat16.js';
import {
  add,
  addBias,
  compile,
  evaluate,
  matmul,
  mean,
  mul,
  nonFiniteOrigin,
  planMemory,
  program,
  read,
  release,
  silu,
  storeAs,
  sum,
  transpose,
  upload,
  valueStorage,
} from '../index.js';
import { type Plan, readsOf, writesOf } from '../plan/plan.js';

const backends = [
  ['reference', reference],
  ['wasm', wasm],
] as const;
const halves = Uint16Array.from({ length: 65536 }, (_, half) => half);
const numbersOf = { float16: floatsOfHalves, bfloat16: floatsOfBfloats };
const bitsOf = { float16: halvesOf, bfloat16: bfloatsOf };
/** The first numbers that differ from the expected ones, also by their sign. */
const differing = (actual: ArrayLike<number>, expected: Float32Array): readonly number[] =>
  [...expected.keys()].filter((i) => !Object.is(actual[i], expected[i])).slice(0, 5);

/** Numbers in [-1, 1), of a simple generator. */
const numbers = (count: number, seed = 1): Float32Array => {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
};

describe.each(backends)('on %s', (_, acquire) => {
  describe.each(['float16', 'bfloat16'] as const)('%s', (storage) => {
    test.each([65536, 65535])('a program decodes all patterns exactly, of %i elements', async (N) => {
      await using nf = await open(acquire());
      const all = numbersOf[storage](halves).subarray(65536 - N);
      const stored = await nf.run(storeAs(await nf.run(upload(all, [N])), storage));
      const { run } = await nf.run(
        compile(
          program({ x: 'N' }, ({ x }) => x),
          { N },
          { storage: { x: storage } },
        ),
      );
      expect(differing(await nf.run(read(await nf.run(run({ x: stored })))), all)).toEqual([]);
      expect(differing(await nf.run(read(stored)), all)).toEqual([]);
    });

    test.each<[string, readonly number[]]>([
      ['a scalar', []],
      ['one element', [1]],
      ['an odd number of elements', [3, 5]],
      ['an even number of elements', [2, 3, 4]],
      ['two rows', [2, 5]],
      ['no element', [0]],
      ['no row', [0, 3]],
    ])('%s is stored in half of its memory, and read as it was rounded', async (_, shape) => {
      await using nf = await open(acquire());
      const size = shape.reduce((all, extent) => all * extent, 1);
      const x = numbers(size);
      const rounded = numbersOf[storage](bitsOf[storage](x));
      const value = await nf.run(storeAs(await nf.run(upload(x, shape)), storage));
      expect(valueStorage(value)).toBe(storage);
      expect(Float32Array.from(await nf.run(read(value)))).toEqual(rounded);
      const tripled = program({ x: shape.length === 0 ? '' : shape.join(' ') } as { x: '' }, ({ x }) => mul(x, 3));
      const executable = await nf.run(compile(tripled, {}, { storage: { x: storage } }));
      expect(planMemory(executable).inputs).toBe(4 * Math.ceil(size / 2));
      const y = await nf.run(read(await nf.run(executable.run({ x: value as never })))); // of any shape
      expect(Float32Array.from(y)).toEqual(rounded.map((n) => n * 3));
    });
  });

  test('numbers of the host are rounded and packed for a run, and freed after it', async () => {
    await using nf = await open(acquire());
    const { run } = await nf.run(
      compile(
        program({ x: '3' }, ({ x }) => add(x, x)),
        {},
        { storage: { x: 'float16' } },
      ),
    );
    const { buffers, bytes } = nf.backend.stats();
    const y = await nf.run(run({ x: Float32Array.of(0.1, 1 / 3, 70) }));
    expect([...(await nf.run(read(y)))]).toEqual([0.199951171875, 0.66650390625, 140]);
    await nf.run(release(y));
    expect(nf.backend.stats()).toMatchObject({ buffers, bytes });
  });
});

const layers = program({ x: 'B N', w: 'N N', b: 'N' }, ({ x, w, b }) =>
  // each weight has two uses, one of them transposed
  addBias(matmul(silu(addBias(matmul(x, w), b)), transpose(w, 1, 0)), b),
);

test.each([1, 2, 3, 7, 64])('a program of %i columns has the bits of one with rounded weights', async (N) => {
  await using nf = await open(wasm());
  const [x, w, b] = [numbers(4 * N), numbers(N * N, 2), numbers(N, 3)];
  const plain = await nf.run(compile(layers, { B: 4, N }));
  const rounded = { x, w: floatsOfHalves(halvesOf(w)), b: floatsOfBfloats(bfloatsOf(b)) };
  const expected = await nf.run(read(await nf.run(plain.run(rounded))));
  const stored = await nf.run(compile(layers, { B: 4, N }, { storage: { w: 'float16', b: 'bfloat16' } }));
  expect(await nf.run(read(await nf.run(stored.run({ x, w, b }))))).toEqual(expected);
});

test('the error of a product is within that of its rounded weights', async () => {
  await using nf = await open(wasm());
  const [rows, columns] = [64, 300];
  const product = program({ x: '64 300', w: '300 64' }, ({ x, w }) => matmul(x, w));
  const [x, w] = [numbers(rows * columns), numbers(columns * 64, 2)];
  for (const [storage, unit, least] of [['float16', 2 ** -11, 2 ** -25], ['bfloat16', 2 ** -8, 0]] as const) {
    const { run } = await nf.run(compile(product, {}, { storage: { w: storage } }));
    const y = await nf.run(read(await nf.run(run({ x, w }))));
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < 64; j++) {
        let [exact, terms, factors] = [0, 0, 0];
        for (let k = 0; k < columns; k++) {
          const [a, b] = [x[i * columns + k]!, w[k * 64 + j]!];
          exact += a * b;
          terms += Math.abs(a * b);
          factors += Math.abs(a);
        }
        // |Δw| ≤ unit·|w|, or half of the least subnormal number; a float32 sum of n terms: n·2⁻²⁴
        const bound = unit * terms + least * factors + columns * 2 ** -24 * (1 + unit) * terms;
        expect(Math.abs(y[i * 64 + j]! - exact)).toBeLessThanOrEqual(bound);
      }
  } // oxfmt-ignore
});

/** Layers with a weight each, of which the greatest has `widest` rows. */
const network = program({ x: '8 64', w: Array.from({ length: 12 }, () => '64 64' as const), wide: '64 256' }, ({ x, w, wide }) =>
  sum(matmul(w.reduce((y, one) => silu(matmul(y, one)), x), wide)),
); // oxfmt-ignore

/** For each call that decodes a weight, the number of calls before its first use. */
const distances = ({ calls, buffers }: Plan): readonly number[] =>
  calls.flatMap((call, at) => {
    if (!call.origin.label.startsWith('float16')) return [];
    const [made] = writesOf(call);
    expect(buffers[made!]!.storage.kind).toBe('arena');
    return [calls.slice(at + 1).findIndex((later) => readsOf(later).includes(made!))];
  });

test('a weight is decoded just before its use, so that working memory grows by the greatest one', async () => {
  await using nf = await open(wasm());
  const plain = planMemory(await nf.run(compile(network, {})));
  const stored = await nf.run(compile(network, {}, { storage: { w: 'float16', wide: 'float16' } }));
  const memory = planMemory(stored);
  const weights = 4 * (12 * 64 * 64 + 64 * 256);
  expect(plain.inputs - memory.inputs).toBe(weights / 2);
  expect(memory.working - plain.working).toBeLessThanOrEqual(4 * 64 * 256);
  expect(distances(stored.plan)).toEqual(Array.from({ length: 13 }, () => 0));
});

test('two uses of a weight decode it twice, so that nothing is kept between them', async () => {
  await using nf = await open(wasm());
  const twice = program({ x: '8 64', w: Array.from({ length: 6 }, () => '64 64' as const) }, ({ x, w }) =>
    [...w, ...w].reduce((y, one) => silu(matmul(y, one)), x),
  );
  const plain = planMemory(await nf.run(compile(twice, {})));
  const stored = await nf.run(compile(twice, {}, { storage: { w: 'float16' } }));
  expect(planMemory(stored).working - plain.working).toBeLessThanOrEqual(4 * 64 * 64);
  expect(distances(stored.plan)).toHaveLength(12);
});

test('the calls of a stored weight have its place', async () => {
  await using nf = await open(wasm());
  const { plan } = await nf.run(compile(layers, { B: 4, N: 3 }, { storage: { w: 'float16', b: 'float16' } }));
  expect(plan.calls.map(({ origin }) => origin)).toEqual([
    { place: 'w', label: 'float16 ∘ mul' },
    { place: 'w', label: 'dot' },
    { place: 'b', label: 'float16 ∘ mul' },
    { place: 'b', label: 'mul ∘ sigmoid ∘ add' },
    { place: 'w', label: 'float16 ∘ mul' },
    { place: 'w', label: 'dot' },
    { place: 'b', label: 'float16 ∘ mul' },
    { place: 'b', label: 'add' },
  ]);
});

test('integers beside stored weights stay as they are', async () => {
  await using nf = await open(wasm());
  const inputs = { w: await nf.run(upload(Float32Array.of(0.1, 2), [2])), n: await nf.run(upload(Int32Array.of(7), [1])) };
  const copies = await nf.run(storeAs(inputs, 'float16'));
  expect([valueStorage(copies.w), valueStorage(copies.n)]).toEqual(['float16', 'float32']);
  expect(await nf.run(read(copies.n))).toEqual(Int32Array.of(7));
  const back = await nf.run(storeAs(copies, 'float32'));
  expect(valueStorage(back.w)).toBe('float32');
  expect(await nf.run(read(back.w))).toEqual(floatsOfHalves(halvesOf(Float32Array.of(0.1, 2))));
  const both = program({ params: { w: '2', n: '1:int32' } }, ({ params }) => params.n);
  const { run } = await nf.run(compile(both, {}, { storage: { params: 'float16' } }));
  expect(await nf.run(read(await nf.run(run({ params: copies }))))).toEqual(Int32Array.of(7));
}); // oxfmt-ignore

test('evaluate and nonFiniteOrigin say how to convert stored values', async () => {
  await using nf = await open(reference());
  const x = await nf.run(storeAs(await nf.run(upload(Float32Array.of(0.1, 2), [2])), 'float16'));
  const refused = (work: Promise<unknown>) => work.then(() => null, errorIn);
  const mean2 = program({ x: '2' }, ({ x }) => mean(x));
  for (const work of [nf.run(evaluate(mean2, {})({ x })), nf.run(nonFiniteOrigin(mean2, {}, { x }))])
    expect(await refused(work)).toMatchObject({
      _tag: 'ConfigError',
      hint: expect.stringContaining("storeAs(value, 'float32')"),
    });
  const back = await nf.run(storeAs(x, 'float32'));
  expect(await nf.run(nonFiniteOrigin(mean2, {}, { x: back }))).toBe(null);
});

describe('bad input is an error that says what to do', () => {
  const messageOf = (work: Promise<unknown>): Promise<string | undefined> =>
    work.then(
      () => 'accepted',
      (thrown: unknown) => errorIn(thrown)?.message,
    );
  const doubled = program({ x: '2', n: '2:int32' }, ({ x }) => ({ x: add(x, x) }));

  test.each<[string, unknown, string]>([
    ['an unknown storage', { storage: { x: 'half' } }, `compile: storage.x: expected 'float32', 'float16' or 'bfloat16', got "half"; did you mean float16?`],
    ['an integer', { storage: { x: 'int8' } }, `compile: storage.x: expected 'float32', 'float16' or 'bfloat16', got "int8"; 'float16' halves the memory of weights`],
    ['a storage without a name', { storage: 'float16' }, `compile: storage: expected storages by the names of inputs, such as { params: 'float16' }, got float16; name the inputs that are stored in 16 bits`],
    ['an unknown name', { storage: { y: 'float16' } }, "compile: storage.y: expected an input of the program: x, n, got 'y'; give names of inputs; their float32 tensors are then stored in 16 bits"],
    ['a donated input', { storage: { x: 'float16' }, donate: ['x'] }, "compile: storage.x: expected 'float32' for an input that is donated, got 'float16'; a run writes its results as float32: do not donate the input, or do not store it in 16 bits"],
    ['float32 for a donated input', { storage: { x: 'float32' }, donate: ['x'] }, 'accepted'],
    ['a storage of integers, which has no effect', { storage: { n: 'float16' } }, 'accepted'],
  ])('%s', async (_, options, message) => {
    await using nf = await open(reference());
    expect(await messageOf(nf.run(compile(doubled, {}, options as never)))).toBe(message);
  }); // oxfmt-ignore

  test('a value of another storage than that of the plan', async () => {
    await using nf = await open(reference());
    const x = await nf.run(upload(Float32Array.of(1, 2), [2]));
    const half = await nf.run(storeAs(x, 'float16'));
    const double = program({ x: '2' }, ({ x }) => add(x, x));
    const plain = await nf.run(compile(double, {}));
    const stored = await nf.run(compile(double, {}, { storage: { x: 'bfloat16' } }));
    const { buffers } = nf.backend.stats();
    expect(await messageOf(nf.run(plain.run({ x: half })))).toBe(
      "input x: expected float32 [2] stored as float32, got a value float32 [2] stored as float16; compile with storage: { x: 'float16' }, or convert the value: storeAs(value, 'float32')",
    );
    expect(await messageOf(nf.run(stored.run({ x: half })))).toBe(
      "input x: expected float32 [2] stored as bfloat16, got a value float32 [2] stored as float16; compile with storage: { x: 'float16' }, or convert the value: storeAs(value, 'bfloat16')",
    );
    expect(await messageOf(nf.run(stored.run({ x })))).toBe(
      "input x: expected float32 [2] stored as bfloat16, got a value float32 [2] stored as float32; compile without a storage for it, or convert the value: storeAs(value, 'bfloat16')",
    );
    expect(nf.backend.stats().buffers).toBe(buffers);
  });

  test('a number beyond the storage', async () => {
    await using nf = await open(reference());
    const double = program({ x: '2' }, ({ x }) => add(x, x));
    const { run } = await nf.run(compile(double, {}, { storage: { x: 'float16' } }));
    expect(await messageOf(nf.run(run({ x: Float32Array.of(65519, -65520) })))).toBe(
      "input x: expected numbers of float16, at most 65504, got -65520; store them as 'bfloat16' or 'float32'",
    );
    const x = await nf.run(upload(Float32Array.of(1, 3.4e38), [2]));
    const { buffers } = nf.backend.stats();
    expect(await messageOf(nf.run(storeAs({ a: { x } }, 'bfloat16')))).toBe(
      "storeAs: a.x: expected numbers of bfloat16, at most 3.39e38, got 3.3999999521443642e+38; store them as 'float32'",
    );
    expect(await messageOf(nf.run(storeAs({ x }, 'float64' as 'float16')))).toBe(
      `storeAs: storage: expected 'float32', 'float16' or 'bfloat16', got "float64"; 'float16' halves the memory of weights`,
    );
    expect(nf.backend.stats().buffers).toBe(buffers);
  });
});
