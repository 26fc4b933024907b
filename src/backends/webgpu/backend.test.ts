/** Behaviour specific to a GPU device: it can be lost, it has limits, and it reports errors asynchronously. */
import { afterAll, describe, expect, test } from 'vitest';
import { ORIGIN, valueOf, whole } from '../../../properties/oracles/plans.js';
import { noWebgpu } from '../../../properties/webgpu.js';
import {
  add,
  batchedMatmul,
  compile,
  explain,
  key,
  matmul,
  mul,
  normalLike,
  permutation,
  program,
  read,
  release,
  sub,
  sum,
  upload,
} from '../../dsl/index.js';
import type { Backend, DeviceBuffer } from '../../dsl/plan/backend.js';
import type { Buffer, Call, Plan } from '../../dsl/plan/plan.js';
import { randomInto } from '../../internal/numerics/threefry.js';
import { type Acquired, acquireDevice } from './device/adapter.js';
import { backendOn } from './backend.js';
import { gpuOf } from './device/gpu.js';
import { skippedFor } from '../../../properties/skips.js';
import { webgpu } from './webgpu.js';

const acquired = async (): Promise<Acquired> => valueOf(await acquireDevice({})());

/** Makes a backend, and returns its device too. */
const onDevice = async (): Promise<{ readonly backend: Backend; readonly device: GPUDevice }> => {
  const actual = await acquired();
  return { backend: await backendOn(actual), device: actual.device };
};

const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i)));

/** A simplified training step: noise, a matrix product and an update in place. */
const step = program({ w: '16 16', key: 'key' }, ({ w, key: k }) => {
  const noised = add(w, mul(normalLike(k, w), 0.1));
  return { w: sub(w, mul(matmul(noised, noised), 0.01)), loss: sum(mul(noised, noised)) };
});

const buffer = (elements: number, storage: Buffer['storage']): Buffer => ({
  elements,
  dtype: 'float32',
  storage,
});

/** A plan with one call, which copies an input of `elements` elements. */
const copying = (elements: number): Plan => ({
  buffers: [buffer(elements, { kind: 'input', input: 0, offset: 0 }), buffer(elements, { kind: 'output', output: 0 })],
  calls: [
    {
      kind: 'region',
      origin: { place: 'w', label: 'copy' },
      region: {
        extents: [elements],
        reduced: 0,
        loads: [{ buffer: 0, offset: 0, strides: [1] }],
        body: [{ op: 'load', dtype: 'float32', load: 0 }],
        stores: [{ buffer: 1, offset: 0, strides: [1], value: 0, reduce: null }],
      },
    },
  ],
  arenaElements: 0,
  inputs: [{ path: 'w', shape: [elements], dtype: 'float32', donatedTo: null, donated: false }],
  outputs: [{ kind: 'buffer', view: whole(1, [elements]) }],
});

describe('webgpu', skippedFor(noWebgpu), () => {
  const toClose: Backend[] = [];
  const fresh = async () => {
    const created = await onDevice();
    toClose.push(created.backend);
    return created;
  };
  afterAll(async () => {
    for (const backend of toClose) await backend.close();
  });

  test('losing the device is an error, and training resumed on a new device gives the same weights', async () => {
    /** Runs steps `first` to `last - 1` from the given weights. */
    const trained = async (backend: Backend, from: Float32Array, first: number, last: number) => {
      const executable = valueOf(await compile(step, {}, { donate: ['w'] })(backend)());
      let w = valueOf(await upload(from, [16, 16])(backend)());
      for (let i = first; i < last; i++) {
        const results = valueOf(await executable.run({ w, key: key(i) })());
        valueOf(await read(results.loss)(backend)());
        valueOf(await release(results.loss)(backend)());
        w = results.w;
      }
      return { w, executable, numbers: valueOf(await read(w)(backend)()) as Float32Array };
    };
    const undisturbed = await trained((await fresh()).backend, numbers(256), 0, 6);

    const { backend, device } = await fresh();
    const firstHalf = await trained(backend, numbers(256), 0, 3); // `firstHalf.numbers` serves as the checkpoint
    device.destroy();
    const run = await firstHalf.executable.run({ w: firstHalf.w, key: key(3) })();
    const lost = { left: { _tag: 'BackendFailure', actual: expect.stringContaining('lost') } };
    if (run._tag === 'Right') expect(await read(run.right.loss)(backend)()).toMatchObject(lost);
    else expect(run).toMatchObject(lost);
    expect(backend.lost()).toMatchObject(lost.left);
    expect(backend.lost()?.hint).toContain('checkpoint');
    // all later calls report the loss
    expect(await firstHalf.executable.run({ w: firstHalf.w, key: key(3) })()).toMatchObject({ _tag: 'Left' });
    expect(await compile(step, {})(backend)()).toMatchObject(lost);
    expect(await upload(numbers(4), [4])(backend)()).toMatchObject(lost);

    const resumed = await trained((await fresh()).backend, firstHalf.numbers, 3, 6);
    expect(resumed.numbers).toEqual(undisturbed.numbers);
  });

  test('closing the backend does not count as losing the device', async () => {
    const { backend } = await onDevice();
    valueOf(await backend.close());
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(backend.lost()).toBeNull();
    expect(await upload(numbers(4), [4])(backend)()).toMatchObject({ left: { actual: 'a closed one' } });
  });

  test('returns errors of the device as values', async () => {
    const gpu = gpuOf(await acquired());
    const storage = 128;
    expect(await gpu.guarded('allocation', () => gpu.device.createBuffer({ size: 16, usage: storage }))).toBeNull();
    const refusal = await gpu.guarded('allocation', () => gpu.device.createBuffer({ size: 16, usage: 0xffff }));
    expect(refusal).toMatchObject({
      _tag: 'BackendFailure',
      where: 'allocation',
      actual: expect.stringContaining('validation error'),
    });
    const thrown = await gpu.guarded('work', () => {
      throw new Error('a broken driver');
    });
    expect(thrown).toMatchObject({ where: 'work', actual: expect.stringContaining('a broken driver') });
    gpu.destroy();
  });

  describe('exceeding a limit is an error that names the limit and leaves the backend usable', () => {
    /** A backend that sees smaller limits than its device has. */
    const limitedTo = async (limits: Partial<Record<keyof GPUSupportedLimits, number>>): Promise<Backend> => {
      const { device, ...rest } = await acquired();
      const smaller = new Proxy(device.limits, {
        get: (target, name) => Reflect.get(limits, name) ?? (Reflect.get(target, name) as unknown),
      });
      const seen = new Proxy(device, {
        get: (target, name) => {
          const actual: unknown = name === 'limits' ? smaller : Reflect.get(target, name);
          return typeof actual === 'function' ? actual.bind(target) : actual;
        },
      });
      const backend = await backendOn({ device: seen, ...rest });
      toClose.push(backend);
      return backend;
    };
    /** Checks that the backend holds no memory and still runs programs. */
    const expectIntact = async (backend: Backend): Promise<void> => {
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
      const runner = valueOf(await backend.compile(copying(4))());
      const x = valueOf(await backend.upload(numbers(4), 'float32')());
      const [y] = valueOf(await runner.run([x])());
      expect(valueOf(await backend.read(y as DeviceBuffer)())).toEqual(numbers(4));
    };
    const refusal = (expected: string, actual: string, hint: string, where = '') => ({
      left: {
        where: expect.stringContaining(where),
        _tag: 'BackendFailure',
        expected: expect.stringContaining(expected),
        actual: expect.stringContaining(actual),
        hint: expect.stringContaining(hint),
      },
    });

    test('a tensor that exceeds the binding size', async () => {
      const backend = await limitedTo({ maxStorageBufferBindingSize: 1024 });
      expect(await backend.compile(copying(257))()).toMatchObject(
        refusal('1024 bytes (maxStorageBufferBindingSize)', '1040 bytes', 'batch'),
      );
      expect(await backend.compile(copying(256))()).toHaveProperty('right');
    });

    test('more workgroups than fit into two dimensions', async () => {
      const backend = await limitedTo({ maxComputeWorkgroupsPerDimension: 2 });
      const each = 4 * 256; // elements per workgroup
      expect(await backend.compile(copying(4 * each + 1))()).toMatchObject(
        refusal(
          'at most 2 workgroups in each dimension (maxComputeWorkgroupsPerDimension)',
          '2 × 3 × 1',
          'batch',
          'copy (w)',
        ),
      );
      const runner = valueOf(await backend.compile(copying(4 * each))());
      const x = valueOf(await backend.upload(numbers(4 * each), 'float32')());
      const [y] = valueOf(await runner.run([x])());
      expect(valueOf(await backend.read(y as DeviceBuffer)())).toEqual(numbers(4 * each));
    });

    test('a product with more tiles than fit into two dimensions', async () => {
      const backend = await limitedTo({ maxComputeWorkgroupsPerDimension: 2 });
      const products = program({ x: 'N 40 40' }, ({ x }) => batchedMatmul(x, x));
      expect(await compile(products, { N: 5 })(backend)()).toMatchObject(
        refusal('at most 2 workgroups in each dimension', '2 × ', 'batch'),
      );
      await expectIntact(backend);
    });

    test('a store that needs more buffers than a shader can bind', async () => {
      const backend = await limitedTo({ maxStorageBuffersPerShaderStage: 2 });
      const { calls, ...rest } = copying(4);
      const [call] = calls as [Extract<Call, { kind: 'region' }>];
      const loads = [0, 2].map((b) => ({ buffer: b, offset: 0, strides: [1] }));
      const body = [
        { op: 'load', load: 0, dtype: 'float32' },
        { op: 'load', load: 1, dtype: 'float32' },
        { op: 'binary', fn: 'add', a: 0, b: 1, dtype: 'float32' },
      ] as const;
      const stores = call.region.stores.map((store) => ({ ...store, value: 2 }));
      const buffers = [...rest.buffers, buffer(4, { kind: 'constant', data: numbers(4) })];
      const region = { ...call.region, loads, body, stores };
      expect(await backend.compile({ ...rest, buffers, calls: [{ ...call, region }] })()).toMatchObject(
        refusal('2 buffers in one shader (maxStorageBuffersPerShaderStage)', '3', 'lowered'),
      );
      await expectIntact(backend);
    });

    test('intermediate results and constants that exceed the buffer size', async () => {
      const backend = await limitedTo({ maxBufferSize: 4096 });
      expect(await backend.compile({ ...copying(4), arenaElements: 1028 })()).toMatchObject(
        refusal('4096 bytes in all (maxBufferSize)', '4112 bytes', 'checkpoint', 'intermediate results'),
      );
      const { buffers, ...rest } = copying(4);
      const constant = buffer(1088, { kind: 'constant', data: numbers(1088) });
      expect(await backend.compile({ ...rest, buffers: [...buffers, constant] })()).toMatchObject(
        refusal('(maxBufferSize)', '4352 bytes', 'batch', 'constants'),
      );
      await expectIntact(backend);
    });

    test('a value that exceeds the buffer size', async () => {
      const backend = await limitedTo({ maxBufferSize: 4096 });
      expect(await upload(numbers(1025), [1025])(backend)()).toMatchObject(
        refusal('1024 elements', '1025 elements', 'smaller'),
      );
      valueOf(await release(valueOf(await upload(numbers(1024), [1024])(backend)()))(backend)());
      await expectIntact(backend);
    });

    test('the real limits of the device', async () => {
      const { backend, device } = await fresh();
      const bound = device.limits.maxStorageBufferBindingSize / 4 + 4;
      expect(await backend.compile(copying(bound))()).toMatchObject(
        refusal('maxStorageBufferBindingSize', 'MiB', 'batch'),
      );
      const arena = { ...copying(4), arenaElements: Math.ceil(device.limits.maxBufferSize / 4) + 64 };
      expect(await backend.compile(arena)()).toMatchObject(refusal('maxBufferSize', 'MiB', 'batch'));
      await expectIntact(backend);
    });
  });

  test('accepts one value for two inputs', async () => {
    const { backend } = await fresh();
    const both = program({ a: '3 3', b: '3 3' }, ({ a, b }) => ({ product: matmul(a, b), total: add(b, a) }));
    const executable = valueOf(await compile(both, {})(backend)());
    const x = valueOf(await upload(Float32Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3), [3, 3])(backend)());
    const { product, total } = valueOf(await executable.run({ a: x, b: x })());
    expect(Array.from(valueOf(await read(product)(backend)()))).toEqual([1, 0, 0, 0, 4, 0, 0, 0, 9]);
    expect(Array.from(valueOf(await read(total)(backend)()))).toEqual([2, 0, 0, 0, 4, 0, 0, 0, 6]);
  });

  test('concurrent runs of one executable do not interfere', async () => {
    const { backend } = await fresh();
    const square = program({ x: '64 64' }, ({ x }) => matmul(x, x));
    const executable = valueOf(await compile(square, {})(backend)());
    const inputs = [1, 2, 3, 4].map((n) => new Float32Array(64 * 64).fill(n));
    const results = await Promise.all(inputs.map((x) => executable.run({ x })()));
    for (const [i, result] of results.entries())
      expect(valueOf(await read(valueOf(result))(backend)())[5]).toBe(64 * (i + 1) ** 2);
  });

  test('only one of two concurrent runs gets a value that is donated to both', async () => {
    const { backend } = await fresh();
    const executable = valueOf(await compile(step, {}, { donate: ['w'] })(backend)());
    const w = valueOf(await upload(numbers(256), [16, 16])(backend)());
    const results = await Promise.all([1, 2].map((n) => executable.run({ w, key: key(n) })()));
    expect(results.map(({ _tag }) => _tag).sort()).toEqual(['Left', 'Right']);
    expect(results.find(({ _tag }) => _tag === 'Left')).toMatchObject({ left: { _tag: 'ValueConsumed' } });
  });

  test('repeated runs create no new buffers on the device', async () => {
    const { device, ...rest } = await acquired();
    let created = 0;
    const counted = new Proxy(device, {
      get: (target, name) => {
        if (name === 'createBuffer') created++;
        const actual: unknown = Reflect.get(target, name);
        return typeof actual === 'function' ? actual.bind(target) : actual;
      },
    });
    const backend = await backendOn({ device: counted, ...rest });
    toClose.push(backend);
    const executable = valueOf(await compile(step, {}, { donate: ['w'] })(backend)());
    let w = valueOf(await upload(numbers(256), [16, 16])(backend)());
    const train = async (steps: number): Promise<void> => {
      for (let i = 0; i < steps; i++) {
        const results = valueOf(await executable.run({ w, key: key(i) })());
        valueOf(await read(results.loss)(backend)());
        valueOf(await release(results.loss)(backend)());
        w = results.w;
      }
    };
    await train(3);
    const { buffers, bytes } = backend.stats();
    const before = created;
    await train(200);
    expect(created).toBe(before);
    expect(backend.stats()).toMatchObject({ buffers, bytes });
  });

  test.each([true, false])('profiles each call (with timestamps: %s)', async (timestamps) => {
    const { device, ...rest } = await acquired();
    const features = new Set(timestamps ? device.features : []);
    const seen = new Proxy(device, {
      get: (target, name) => {
        const actual: unknown = name === 'features' ? features : Reflect.get(target, name);
        return typeof actual === 'function' ? actual.bind(target) : actual;
      },
    });
    const backend = await backendOn({ device: seen, ...rest });
    toClose.push(backend);
    const executable = valueOf(await compile(step, {})(backend)());
    const inputs = { w: numbers(256), key: key(1) };
    const expected = valueOf(await read(valueOf(await executable.run(inputs)()).w)(backend)());
    const { outputs, milliseconds } = valueOf(await executable.profile(inputs)());
    expect(valueOf(await read(outputs.w)(backend)())).toEqual(expected);
    expect(milliseconds).toHaveLength(explain(executable).length);
    expect(milliseconds.every((time) => time >= 0)).toBe(true);
    expect(Math.max(...milliseconds)).toBeGreaterThan(0);
  });

  test('copies permutations from the host to their buffer', async () => {
    const { backend } = await fresh();
    const drawn = program({ key: 'key' }, ({ key: k }) => add(permutation(k, 1000), 1));
    const executable = valueOf(await compile(drawn, {})(backend)());
    for (const seed of [1, 2]) {
      const expected = new Int32Array(1000);
      randomInto('permutation', key(seed), expected);
      const y = valueOf(await executable.run({ key: key(seed) })());
      expect(valueOf(await read(y)(backend)())).toEqual(expected.map((n) => n + 1));
    }
  });

  test('compiling rejects a call without a kernel', async () => {
    const { backend } = await fresh();
    const call: Call = {
      kind: 'library',
      origin: ORIGIN,
      node: { op: 'stored', attributes: {} },
      inputs: [whole(0, [4])],
      output: whole(1, [4]),
    };
    expect(await backend.compile({ ...copying(4), calls: [call] })()).toMatchObject({
      left: { _tag: 'BackendFailure', expected: 'a kernel' },
    });
  });

  test('closing one backend does not affect another', async () => {
    const [first, second] = (await Promise.all([webgpu()(), webgpu()()])).map(valueOf) as [Backend, Backend];
    valueOf(await first.close());
    const x = valueOf(await upload(numbers(8), [8])(second)());
    expect(valueOf(await read(x)(second)())).toEqual(numbers(8));
    valueOf(await second.close());
  });
});
