/**
 * Results have equal bits for any number of threads and both sizes of tiles, and all laws of backends hold for several such
 * backends at once.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { wasmBackend } from '../../src/backends/wasm/testing.js';
import { attention, compile, grad, program, read, release, square, sum, type Tensor } from '../../src/dsl/index.js';
import { notAsked } from '../asked.js';
import { unetCases } from '../diffusion/unetCases.js';
import { backendLaws } from '../laws/backends.js';
import { checkLaw } from '../laws/check.js';
import { together } from '../oracles/together.js';
import { valueOf } from '../oracles/plans.js';
import { checkLaws } from '../suite.js';
import { skippedFor } from '../skips.js';

const isLong = notAsked === '';

/** Everything on the calling thread, then everything on workers; `npm test` uses one odd number of workers. */
const backends = [
  wasmBackend({ threads: 1 }, { worthWorkers: Infinity, tiles: 'narrow' }),
  ...(isLong ? [1, 2, 3, 4] : [3]).map((threads) =>
    wasmBackend({ threads }, { worthWorkers: 0, tiles: threads === 2 ? 'narrow' : 'wide' }),
  ),
];

afterAll(async () => {
  for (const backend of backends) valueOf(await backend.close());
});

describe('laws for several numbers of threads', () => {
  checkLaws(backendLaws(together(backends)), (law, times) => checkLaw(law, isLong ? times : times / 10));
});

describe('a difference of one bit is seen', () => {
  test.each([
    ['by a zero of the other sign', 0, -0],
    ['by the next number', 1, 1 + 2 ** -23],
  ])('%s', async (_, a, b) => {
    const both = together(backends.slice(0, 2));
    const buffer = valueOf(await both.upload(Float32Array.of(a), 'float32')());
    expect(valueOf(await both.read(buffer)())).toEqual(Float32Array.of(a));
    both.release(buffer)();
    const [first, second] = backends as [(typeof backends)[0], (typeof backends)[0]];
    const apart = together([
      first,
      { ...second, upload: (data, dtype) => second.upload(data.map((x) => (x === a ? b : x)) as Float32Array, dtype) },
    ]);
    const other = valueOf(await apart.upload(Float32Array.of(a), 'float32')());
    expect(await apart.read(other)()).toMatchObject({ left: { actual: 'other bits on backend 1' } });
    apart.release(other)();
  });
});

test('attention in one large head, whose blocks are divided among threads, has equal bits', async () => {
  const gradients = program({ q: '1 700 24', k: '1 900 24' }, ({ q, k }) =>
    grad((p: { readonly q: Tensor<[1, 700, 24]>; readonly k: Tensor<[1, 900, 24]> }) =>
      sum(square(attention(p.q, p.k, p.k, { heads: 1 }))),
    )({ q, k }),
  );
  const wave = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i));
  const inputs = { q: wave(700 * 24), k: wave(900 * 24) };
  const [expected, ...others] = await Promise.all(
    backends.map(async (backend) => {
      const outcome = valueOf(await compile(gradients, {})(backend)());
      const result = valueOf(await outcome.run(inputs)());
      const numbers = [valueOf(await read(result.q)(backend)()), valueOf(await read(result.k)(backend)())];
      valueOf(await release(result)(backend)());
      outcome.release();
      return numbers;
    }),
  );
  expect(expected!.flatMap((x) => [...x]).every((x) => Number.isFinite(x) && x !== 0)).toBe(true);
  for (const numbers of others) expect(numbers).toEqual(expected);
});

describe.each(unetCases.map((one) => [one.name, one] as const))(
  'all gradients of a U-Net, %s',
  skippedFor(notAsked),
  (_, { numbersOn }) => {
    test('have equal bits', async () => {
      const [expected, ...others] = await Promise.all(backends.map(numbersOn));
      expect(Object.values(expected!).every((numbers) => numbers.some((x) => x !== 0))).toBe(true);
      for (const numbers of others) expect(numbers).toEqual(expected);
    });
  },
);
