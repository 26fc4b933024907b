/** Calls of a backend while workers run have the same results as without concurrent runs. */
import { afterAll, expect, test } from 'vitest';
import { wasmBackend } from '../../src/backends/wasm/testing.js';
import { createSite, turn } from '../../src/backends/wasm/threads/testing.js';
import { key, release } from '../../src/dsl/index.js';
import { E } from '../../src/internal/fp.js';
import { valueOf } from '../oracles/plans.js';
import { type Bits, bitsOf, donatingOn, steppingOn } from './step.js';

const alone = wasmBackend({ threads: 1 }, { worthWorkers: Infinity });
const onCaller = await steppingOn(alone);
const known = new Map<number, Promise<Bits>>();
/** The bits of a step on the calling thread. */
const expected = (seed: number): Promise<Bits> => {
  const bits = known.get(seed) ?? onCaller.step(seed).then(valueOf);
  known.set(seed, bits);
  return bits;
};

const site = createSite({ chance: 0.05, most: 1 });
const backend = wasmBackend({ threads: 3 }, { worthWorkers: 0, start: site.spawn });
const { step } = await steppingOn(backend);

afterAll(async () => {
  for (const one of [alone, backend]) valueOf(await one.close());
});

/** Starts a step, and waits until it is in progress on workers, which then pause. */
const begin = async (run: () => Promise<E.Either<unknown, Bits>>): Promise<Promise<E.Either<unknown, Bits>>[]> => {
  site.shut();
  const running = run();
  await site.reached();
  return [running]; // in an array, so that `await` does not wait for it
};

test('the event loop turns during a run', async () => {
  const [running] = await begin(() => step(1));
  let turns = 0;
  while (turns < 100) {
    await turn();
    turns++;
  }
  site.open(); // the run could not end earlier
  expect(await running).toEqual(E.right(await expected(1)));
});

test('20 concurrent runs have the same bits as sequential runs', async () => {
  const seeds = Array.from({ length: 20 }, (_, i) => i % 7);
  const outcomes = await Promise.all(seeds.map((seed) => step(seed)));
  for (const [i, seed] of seeds.entries()) expect(outcomes[i]).toEqual(E.right(await expected(seed)));
});

test('numbers come and go during a run', async () => {
  const kept = valueOf(await backend.upload(Float32Array.of(1, 2, 3), 'float32')());
  const [running] = await begin(() => step(1));
  const numbers = Float32Array.from({ length: 2 ** 20 }, (_, i) => i); // large enough that the memory grows
  for (let i = 0; i < 5; i++) {
    const buffer = valueOf(await backend.upload(numbers, 'float32')());
    expect(Buffer.from(valueOf(await backend.read(buffer)()).buffer).equals(Buffer.from(numbers.buffer))).toBe(true);
    backend.release(buffer)();
  }
  expect(valueOf(await backend.read(kept)())).toEqual(Float32Array.of(1, 2, 3));
  backend.release(kept)();
  site.open();
  expect(await running).toEqual(E.right(await expected(1)));
});

test('programs are compiled, and released, during a run', async () => {
  const [running] = await begin(() => step(1));
  const other = await steppingOn(backend);
  const later = other.step(2);
  site.open();
  expect(await running).toEqual(E.right(await expected(1)));
  expect(await later).toEqual(E.right(await expected(2)));
  other.release();
  await other.forget();
});

test('an executable that is released ends the runs that it has begun', async () => {
  const { buffers, bytes } = backend.stats();
  const other = await steppingOn(backend);
  const [running] = await begin(() => other.step(1));
  const waiting = [other.step(2), other.step(3)];
  await turn();
  other.release();
  const late = await other.step(1);
  site.open();
  expect(await running).toEqual(E.right(await expected(1)));
  expect(await Promise.all(waiting)).toEqual([E.right(await expected(2)), E.right(await expected(3))]);
  expect(late).toMatchObject({ left: { _tag: 'BackendFailure', actual: 'a released one' } });
  await other.forget();
  expect(backend.stats()).toMatchObject({ buffers, bytes });
});

test('memory that is freed during a run is not used again before the run has ended', async () => {
  const { buffers, bytes } = backend.stats();
  const other = await steppingOn(backend);
  const [running] = await begin(() => other.step(1));
  await other.forget(); // a value that the run reads
  const garbage = [];
  for (const elements of [864, 9216, 864, 3072, 2 ** 18])
    garbage.push(valueOf(await backend.upload(new Float32Array(elements).fill(1e9), 'float32')()));
  site.open();
  expect(await running).toEqual(E.right(await expected(1)));
  for (const buffer of garbage) backend.release(buffer)();
  other.release();
  expect(backend.stats()).toMatchObject({ buffers, bytes });
});

test('memory freed during runs is reused, even if there is always a run', async () => {
  const own = wasmBackend({ threads: 1 }, { worthWorkers: 0 });
  const stepping = await steppingOn(own);
  const large = { buffers: [], calls: [], arenaElements: 2 ** 27, inputs: [], outputs: [] };
  let running = stepping.step(1);
  // 512 MiB at a time, of 4 GiB; nothing is written
  for (let i = 0; i < 20; i++) {
    const next = stepping.step(1);
    valueOf(await own.compile(large)()).release();
    valueOf(await running);
    running = next;
  }
  valueOf(await running);
  valueOf(await own.close());
});

test('concurrent runs each consume their own donated values', async () => {
  const { buffers, bytes } = backend.stats();
  const { executable, values } = await donatingOn(backend);
  const all = [await values(), await values(), await values()];
  const runs = await Promise.all(all.map((given, i) => executable.run({ ...given, key: key(i) })()));
  for (const [i, outputs] of runs.entries())
    expect(await bitsOf(backend, valueOf(outputs))).toEqual(E.right(await expected(i)));
  const consumed = { left: { _tag: 'ValueConsumed' } };
  for (const given of all) expect(await executable.run({ ...given, key: key(1) })()).toMatchObject(consumed);
  for (const { x } of all) valueOf(await release(x)(backend)());
  executable.release();
  expect(backend.stats()).toMatchObject({ buffers, bytes });
});

test('of two concurrent runs with the same donated value, the second fails', async () => {
  const { buffers, bytes } = backend.stats();
  const { executable, values } = await donatingOn(backend);
  const inputs = { ...(await values()), key: key(1) };
  const [first, second] = await Promise.all([executable.run(inputs)(), executable.run(inputs)()]);
  expect(await bitsOf(backend, valueOf(first))).toEqual(E.right(await expected(1)));
  expect(second).toMatchObject({ left: { _tag: 'ValueConsumed' } });
  valueOf(await release(inputs.x)(backend)());
  executable.release();
  expect(backend.stats()).toMatchObject({ buffers, bytes });
});

test('a backend is closed during a run, and while others wait', async () => {
  const own = wasmBackend({ threads: 2 }, { worthWorkers: 0, start: site.spawn });
  const stepping = await steppingOn(own);
  const [running] = await begin(() => stepping.step(1));
  const waiting = [stepping.step(2), stepping.step(3)];
  await turn();
  valueOf(await own.close());
  for (const outcome of await Promise.all([running, ...waiting]))
    expect(outcome).toMatchObject({ left: { _tag: 'BackendFailure', actual: 'a closed one' } });
  expect(own.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  site.open();
  expect(await step(1)).toEqual(E.right(await expected(1))); // other backends continue to work
});

test('a backend is closed while its workers start', async () => {
  for (let turns = 0; turns < 6; turns++) {
    const own = wasmBackend({ threads: 2 }, { worthWorkers: 0, start: site.spawn });
    const stepping = await steppingOn(own);
    const running = stepping.step(1);
    for (let i = 0; i < turns; i++) await turn();
    valueOf(await own.close());
    expect(await running).toMatchObject({ left: { _tag: 'BackendFailure', message: expect.stringMatching('closed') } });
  }
});
