/** Executables that are garbage-collected free their memory, and those in use do not keep the memory of their runs. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { valueOf } from '../../../properties/oracles/plans.js';
import type { Backend, DeviceBuffer, Runner } from '../../dsl/plan/backend.js';
import { lower } from '../../dsl/compile/lower/index.js';
import { node } from '../../dsl/graph/node.js';
import * as p from '../../dsl/primitives/index.js';
import { E } from '../../internal/fp.js';
import { reference } from '../reference/index.js';
import { libraryRule } from '../reference/library.js';
import { tfjs } from '../tfjs/index.js';
import { wasmBackend } from '../wasm/testing.js';
import { hostBackend } from './hostBackend.js';
import { type Heap, hostHeap } from './heap.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void; // defined once the flag is set

/** Collects garbage until a condition holds, for ten seconds at most. */
const collectUntil = async (done: () => boolean): Promise<void> => {
  for (let i = 0; i < 500 && !done(); i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const LENGTH = 1024;
const x = node('input', [], { path: 'x' }, [LENGTH], 'float32');
const sums = p.cumsum(
  p.add(
    x,
    p.constant(
      Float64Array.from({ length: LENGTH }, (_, i) => i),
      [LENGTH],
      'float32',
    ),
  ),
  0,
);
const last = (LENGTH * (LENGTH - 1)) / 2;

/** The sums of x + i, whose plan holds a constant and, if the backend has an arena, an intermediate result. */
const compiled = async (backend: Backend): Promise<Runner> =>
  valueOf(
    await backend.compile(
      lower({ inputs: [x], outputs: [sums], donations: [null], donated: [false] }, backend.capabilities),
    )(),
  );

/** Runs a plan, and returns its last number. */
const lastOf = async (backend: Backend, run: Runner['run'], given: DeviceBuffer): Promise<number | undefined> => {
  const [y] = valueOf(await run([given])()) as readonly [DeviceBuffer]; // not a key
  const numbers = valueOf(await backend.read(y)());
  backend.release(y)();
  return numbers.at(-1);
};

describe.each([
  ['reference', () => reference()()],
  ['wasm on the calling thread', async () => E.right(wasmBackend({ threads: 1 }, { worthWorkers: Infinity }))],
  ['wasm on two workers', async () => E.right(wasmBackend({ threads: 2 }, { worthWorkers: 0 }))],
  ['tfjs-cpu', () => tfjs('cpu')()],
])('%s', (_, acquire) => {
  test('executables that are unreachable free their memory; those in use keep it', async () => {
    const backend = valueOf(await acquire());
    const given = valueOf(await backend.upload(new Float32Array(LENGTH), 'float32')());
    const { run } = await compiled(backend); // only the function `run` keeps the executable alive
    const { buffers } = backend.stats();
    expect(buffers).toBeGreaterThan(1);
    await (async () => {
      for (let i = 0; i < 10; i++) expect(await lastOf(backend, (await compiled(backend)).run, given)).toBe(last);
      (await compiled(backend)).release(); // and memory is not freed a second time
    })();
    expect(backend.stats().buffers).toBeGreaterThanOrEqual(buffers + 10);
    await collectUntil(() => backend.stats().buffers === buffers);
    expect(backend.stats()).toMatchObject({ buffers });
    expect(await lastOf(backend, run, given)).toBe(last);
    valueOf(await backend.close());
  });

  test('a run in progress ends with its result, even if nothing else references its executable', async () => {
    const backend = valueOf(await acquire());
    const given = valueOf(await backend.upload(new Float32Array(LENGTH), 'float32')());
    const outcomes = await (async () => {
      const { run } = await compiled(backend);
      return Array.from({ length: 20 }, () => lastOf(backend, run, given));
    })();
    collect();
    for (const outcome of outcomes) {
      expect(await outcome).toBe(last);
      collect();
    }
    await collectUntil(() => backend.stats().buffers === 1);
    expect(backend.stats()).toMatchObject({ buffers: 1 });
    valueOf(await backend.close());
  });
});

test.each([
  ['asynchronously', 1],
  ['without a pause', 2],
])('an executable that ran %s does not keep its inputs and outputs alive', async (_, runs) => {
  const heap = hostHeap(8, () => Float64Array);
  /** Addresses whose memory was not collected. */
  const alive = new Set<number>();
  const registry = new FinalizationRegistry<number>((address) => alive.delete(address));
  const array: Heap['array'] = (address, ...rest) => {
    const result = heap.array(address, ...rest);
    if (!alive.has(address)) registry.register(result.buffer, address);
    alive.add(address);
    return result;
  };
  const capabilities = { fuses: false, composites: [], scratchElements: () => 0 };
  const backend = hostBackend({ name: 'test', capabilities, heap: { ...heap, array }, rules: () => [libraryRule] });
  const runner = await compiled(backend);
  const own = alive.size;
  await (async () => {
    await new Promise((resolve) => setTimeout(resolve, 20)); // a pause is due, which the first run makes
    for (let i = 0; i < runs; i++) {
      const given = valueOf(await backend.upload(new Float32Array(LENGTH), 'float32')());
      expect(await lastOf(backend, runner.run, given)).toBe(last);
      backend.release(given)();
    }
  })();
  await collectUntil(() => alive.size === own);
  expect(alive.size).toBe(own);
  runner.release();
});
