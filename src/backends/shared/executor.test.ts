import { describe, expect, test } from 'vitest';
import { ORIGIN, valueOf, whole } from '../../../properties/oracles/plans.js';
import { evaluateRegion } from '../../../properties/oracles/region.js';
import type { Backend, DeviceBuffer } from '../../dsl/plan/backend.js';
import type { ErrorTag } from '../../internal/errors.js';
import type { Buffer, Call, Plan } from '../../dsl/plan/plan.js';
import { deriveWords, randomInto } from '../../internal/numerics/threefry.js';
import { type Heap, hostHeap, type NumberArray } from './heap.js';
import { hostBackend } from './hostBackend.js';
import type { Rule } from './kernel.js';
import { randomRule } from './random.js';

/** A heap with room for `room` elements. */
const limitedHeap = (room: number): Heap => {
  const heap = hostHeap(4, (dtype) => (dtype === 'float32' ? Float32Array : Int32Array));
  const sizes = new Map<number, number>();
  let left = room;
  return {
    ...heap,
    allocate: (elements) => {
      const address = elements > left ? null : heap.allocate(elements);
      if (address === null) return null;
      sizes.set(address, elements);
      left -= elements;
      return address;
    },
    free: (address) => {
      left += sizes.get(address)!;
      sizes.delete(address);
      heap.free(address);
    },
  };
};

/** Runs regions by their definition. */
const regionRule: Rule = (call) => {
  if (call.kind !== 'region') return null;
  const { region } = call;
  return { name: 'region', run: ({ arrays }) => evaluateRegion(region, arrays as NumberArray[], Math.fround) }; // writable
};

const failing: Rule = (call) =>
  call.kind === 'library' && call.node.op === 'stored'
    ? {
        name: 'failing',
        run: () => {
          throw new Error('a broken kernel');
        },
      }
    : null;

/** Takes so long that the run then pauses for the event loop. */
const slowRule: Rule = (call) =>
  call.kind === 'library' && call.node.op === 'after'
    ? {
        name: 'slow',
        run: () => {
          const end = performance.now() + 15;
          while (performance.now() < end);
        },
      }
    : null;

const backendOf = (heap: Heap = limitedHeap(1000)): Backend =>
  hostBackend({
    name: 'test',
    capabilities: { fuses: true, composites: [], scratchElements: () => 0 },
    heap,
    rules: () => [randomRule, regionRule, failing, slowRule],
  });

const N = 4;
const buffer = (storage: Buffer['storage']): Buffer => ({ elements: N, dtype: 'float32', storage });
const accessOf = (at: number) => ({ buffer: at, offset: 0, strides: [1] });

/** `to = a + b`, where all three are buffers of the plan. */
const add = (a: number, b: number, to: number): Call => ({
  kind: 'region',
  origin: { place: 'w', label: 'add' },
  region: {
    extents: [N],
    reduced: 0,
    loads: [accessOf(a), accessOf(b)],
    body: [
      { op: 'load', dtype: 'float32', load: 0 },
      { op: 'load', dtype: 'float32', load: 1 },
      { op: 'binary', dtype: 'float32', fn: 'add', a: 0, b: 1 },
    ],
    stores: [{ ...accessOf(to), value: 2, reduce: null }],
  },
});
/** Throws. It declares y as its output. */
const broken: Call = {
  kind: 'library',
  origin: ORIGIN,
  node: { op: 'stored', attributes: {} },
  inputs: [],
  output: whole(1, [N]),
};
const slow: Call = { ...broken, node: { op: 'after', attributes: {} } };
const input = { shape: [N], dtype: 'float32', donatedTo: null, donated: false } as const;
const outputOf = (at: number) => ({ kind: 'buffer', view: whole(at, [N]) }) as const;

/** `y = (x + c) + x`, with the intermediate result in the arena. */
const sum: Plan = {
  buffers: [
    buffer({ kind: 'input', input: 0, offset: 0 }),
    buffer({ kind: 'constant', data: Float64Array.of(1, 2, 3, 4) }),
    buffer({ kind: 'arena', offset: 0 }),
    buffer({ kind: 'output', output: 0 }),
  ],
  calls: [add(0, 1, 2), add(2, 0, 3)],
  arenaElements: N,
  inputs: [{ ...input, path: 'x' }],
  outputs: [outputOf(3)],
};

/** `x' = x + y`, in the memory of x. y is donated too, but no output reuses its memory. */
const update: Plan = {
  buffers: [
    buffer({ kind: 'input', input: 0, offset: 0 }),
    buffer({ kind: 'input', input: 1, offset: 0 }),
    buffer({ kind: 'input', input: 0, offset: 0 }),
  ],
  calls: [add(0, 1, 2)],
  arenaElements: 0,
  inputs: [
    { ...input, path: 'x', donated: true, donatedTo: 0 },
    { ...input, path: 'y', donated: true },
  ],
  outputs: [outputOf(2)],
};

const upload = async (backend: Backend, ...numbers: number[]): Promise<DeviceBuffer> =>
  valueOf(await backend.upload(Float32Array.from(numbers), 'float32')());
const read = async (backend: Backend, slot: unknown) => Array.from(valueOf(await backend.read(slot as DeviceBuffer)())); // an output that is a number buffer
const failure = (tag: ErrorTag) => ({ left: { _tag: tag } });

describe('a run', () => {
  test('computes and leaves its inputs intact', async () => {
    const backend = backendOf();
    const runner = valueOf(await backend.compile(sum)());
    const x = await upload(backend, 10, 20, 30, 40);
    for (let i = 0; i < 3; i++) {
      const [y] = valueOf(await runner.run([x])());
      expect(await read(backend, y)).toEqual([21, 42, 63, 84]);
    }
    expect(await read(backend, x)).toEqual([10, 20, 30, 40]);
  });

  test('reuses donated memory, and frees donated inputs that no output reuses', async () => {
    const backend = backendOf();
    const runner = valueOf(await backend.compile(update)());
    const before = backend.stats();
    const [x, y] = [await upload(backend, 1, 2, 3, 4), await upload(backend, 1, 1, 1, 1)];
    const [next] = valueOf(await runner.run([x, y])());
    expect(await read(backend, next)).toEqual([2, 3, 4, 5]);
    expect(backend.stats()).toMatchObject({ buffers: before.buffers + 1, bytes: before.bytes + 4 * N });
    expect(await backend.read(x)()).toMatchObject(failure('ValueConsumed'));
    expect(await runner.run([x, y])()).toMatchObject(failure('ValueConsumed'));
  });

  test('rejects a donated value that is passed twice, and consumes nothing', async () => {
    const backend = backendOf();
    const runner = valueOf(await backend.compile(update)());
    const x = await upload(backend, 1, 2, 3, 4);
    expect(await runner.run([x, x])()).toMatchObject(failure('BackendFailure'));
    expect(await read(backend, x)).toEqual([1, 2, 3, 4]);
  });

  test('fails without memory for its outputs, and changes nothing', async () => {
    const backend = backendOf(limitedHeap(3 * N));
    const runner = valueOf(await backend.compile(sum)());
    const x = await upload(backend, 1, 2, 3, 4);
    const before = backend.stats();
    const result = await runner.run([x])();
    expect(result).toMatchObject({
      left: { _tag: 'BackendFailure', hint: expect.stringContaining('batch') },
    });
    expect(backend.stats()).toEqual(before);
    expect(await read(backend, x)).toEqual([1, 2, 3, 4]);
  });

  describe.each([
    ['without a pause', []],
    ['with a pause', [slow]],
  ])('%s', (_, before) => {
    test('gives donated inputs back if it fails before overwriting them', async () => {
      const backend = backendOf();
      const runner = valueOf(await backend.compile({ ...update, calls: [...before, broken, ...update.calls] })());
      const [x, y] = [await upload(backend, 1, 2, 3, 4), await upload(backend, 1, 1, 1, 1)];
      const { buffers, bytes } = backend.stats();
      expect(await runner.run([x, y])()).toMatchObject(failure('BackendFailure'));
      expect(await read(backend, x)).toEqual([1, 2, 3, 4]);
      expect(await read(backend, y)).toEqual([1, 1, 1, 1]);
      expect(backend.stats()).toMatchObject({ buffers, bytes });
    });

    test('consumes a donated input if it fails after overwriting it', async () => {
      const backend = backendOf();
      const runner = valueOf(await backend.compile({ ...update, calls: [...before, ...update.calls, broken] })());
      const [x, y] = [await upload(backend, 1, 2, 3, 4), await upload(backend, 1, 1, 1, 1)];
      const result = await runner.run([x, y])();
      expect(result).toMatchObject({ left: { message: expect.stringContaining('a broken kernel') } });
      expect(await backend.read(x)()).toMatchObject(failure('ValueConsumed'));
      expect(await read(backend, y)).toEqual([1, 1, 1, 1]);
    });
  });

  test('derives keys, draws random numbers and returns keys', async () => {
    const backend = backendOf();
    const key = { input: 0, words: [[1, 2]] } as const;
    const runner = valueOf(
      await backend.compile({
        buffers: [buffer({ kind: 'output', output: 0 })],
        calls: [{ kind: 'random', origin: ORIGIN, distribution: 'normal', key, output: whole(0, [N]) }],
        arenaElements: 0,
        inputs: [{ ...input, path: 'k', dtype: 'key', shape: [] }],
        outputs: [outputOf(0), { kind: 'key', key }],
      })(),
    );
    const [noise, derived] = valueOf(await runner.run([[7, 8]])());
    const expected = new Float32Array(N);
    randomInto('normal', deriveWords([7, 8], [1, 2]), expected);
    expect(await read(backend, noise)).toEqual(Array.from(expected));
    expect(derived).toEqual(deriveWords([7, 8], [1, 2]));
  });

  test('can be profiled', async () => {
    const backend = backendOf();
    const runner = valueOf(await backend.compile(sum)());
    const { outputs, milliseconds } = valueOf(await runner.profile([await upload(backend, 1, 2, 3, 4)])());
    expect(await read(backend, outputs[0])).toEqual([3, 6, 9, 12]);
    expect(milliseconds).toHaveLength(runner.kernels.length);
  });
});

describe('memory', () => {
  test('is freed by release, also when called twice', async () => {
    const backend = backendOf();
    const runner = valueOf(await backend.compile(sum)());
    const x = await upload(backend, 1, 2, 3, 4);
    const [y] = valueOf(await runner.run([x])());
    expect(backend.stats()).toMatchObject({ buffers: 3, bytes: 4 * 4 * N });
    for (let twice = 0; twice < 2; twice++) {
      backend.release(x)();
      backend.release(y as DeviceBuffer)(); // the output is a number buffer
      runner.release();
    }
    expect(backend.stats()).toEqual({ buffers: 0, bytes: 0, peakBytes: 4 * 4 * N });
    expect(await runner.run([x])()).toMatchObject(failure('BackendFailure'));
  });

  test('is freed by close, after which nothing can be used', async () => {
    const backend = backendOf();
    const runner = valueOf(await backend.compile(sum)());
    const x = await upload(backend, 1, 2, 3, 4);
    await backend.close();
    expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    const closed = { left: { _tag: 'BackendFailure', where: 'the test backend', actual: 'a closed one' } };
    expect(await backend.read(x)()).toMatchObject(closed);
    expect(await runner.run([x])()).toMatchObject(closed);
    expect(await backend.upload(Float32Array.of(1), 'float32')()).toMatchObject(closed);
    expect(await backend.compile(sum)()).toMatchObject(closed);
  });

  test('calls that are in progress during close end with an error', async () => {
    const backend = backendOf();
    const runner = valueOf(await backend.compile(sum)());
    const x = await upload(backend, 1, 2, 3, 4);
    const [run, uploaded] = [runner.run([x])(), backend.upload(Float32Array.of(1), 'float32')()];
    await backend.close();
    for (const outcome of [await run, await uploaded])
      expect(outcome).toMatchObject({ left: { _tag: 'BackendFailure', actual: 'a closed one' } });
    expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  });

  test('converts uploaded numbers as casts do', async () => {
    const backend = backendOf();
    const through = async (numbers: number[], dtype: 'int32' | 'bool') => {
      const slot = valueOf(await backend.upload(Float64Array.from(numbers), dtype)());
      return valueOf(await backend.read(slot)());
    };
    expect(await through([1.7, -1.7, 1e12], 'int32')).toEqual(Int32Array.of(1, -1, 2147483647));
    expect(await through([0, 0.5, 2], 'bool')).toEqual(Uint8Array.of(0, 1, 1));
  });
});

test('rejects a plan with a call that no rule handles', async () => {
  const backend = hostBackend({
    name: 'test',
    capabilities: { fuses: true, composites: [], scratchElements: () => 0 },
    heap: limitedHeap(1000),
    rules: () => [randomRule],
  });
  expect(await backend.compile(sum)()).toMatchObject({ left: { _tag: 'BackendFailure' } });
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
});
