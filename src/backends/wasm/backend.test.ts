import { expect, test } from 'vitest';
import { runPlan, unfused, valueOf } from '../../../properties/oracles/plans.js';
import type { Plan } from '../../dsl/plan/plan.js';
import * as p from '../../dsl/primitives/index.js';
import { E } from '../../internal/fp.js';
import { lower } from '../../dsl/compile/lower/index.js';
import { type Node, node } from '../../dsl/graph/node.js';
import { wasm as webAssembly } from './assembler/assembler.js';
import { wasm } from './backend.js';
import { wasmBackend } from './testing.js';
import { formFor } from './forms.js';

const x = node('input', [], { path: 'x' }, [2, 3], 'float32');
const sums = unfused([p.cumsum(x, 1)]);
const numbers = Float32Array.of(1, 2, 3, 4, 5, 6);
const expected = [1, 3, 6, 4, 9, 15];

/** The engine, whose members a test may replace. */
const engine = webAssembly as { Module: typeof webAssembly.Module };

const emptyPlan: Plan = { buffers: [], calls: [], arenaElements: 0, inputs: [], outputs: [] };

test('closing one backend does not affect another', async () => {
  const [first, second] = (await Promise.all([wasm()(), wasm()()])).map((b) => valueOf(b));
  const runner = valueOf(await second!.compile(sums)());
  const slot = valueOf(await second!.upload(numbers, 'float32')());
  valueOf(await first!.close());
  const [output] = valueOf(await runner.run([slot])());
  expect('dtype' in output! && Array.from(valueOf(await second!.read(output)()))).toEqual(expected);
  valueOf(await second!.close());
});

test('values survive growth of the memory', async () => {
  const backend = valueOf(await wasm()());
  const runner = valueOf(await backend.compile(sums)());
  const slot = valueOf(await backend.upload(numbers, 'float32')());
  valueOf(await runner.run([slot])());
  const large = valueOf(await backend.upload(new Float32Array(2 ** 25), 'float32')()); // 128 MiB
  const [output] = valueOf(await runner.run([slot])());
  expect('dtype' in output! && Array.from(valueOf(await backend.read(output)()))).toEqual(expected);
  backend.release(large)();
  valueOf(await backend.close());
});

test('running out of memory is an error, and the backend stays usable', async () => {
  const backend = valueOf(await wasm()());
  const runners = [];
  let error: unknown = null;
  // reserves 512 MiB at a time, up to the 4 GiB that 32-bit addresses reach; nothing is written
  while (error === null && runners.length < 10) {
    const before = backend.stats();
    const result = await backend.compile({ ...emptyPlan, arenaElements: 2 ** 27 })();
    if (E.isRight(result)) runners.push(result.right);
    else {
      error = result.left;
      expect(backend.stats()).toEqual(before);
    }
  }
  expect(runners.length).toBe(7); // not 8, because the first cache line of the 4 GiB is reserved
  expect(error).toMatchObject({ _tag: 'BackendFailure', expected: '512.0 MiB of free memory' });
  expect(await backend.compile({ ...emptyPlan, arenaElements: 2 ** 31 })()).toMatchObject({
    left: { _tag: 'BackendFailure' },
  });
  expect(Array.from((await runPlan(backend, sums, [numbers]))[0]!)).toEqual(expected);
  for (const runner of runners) runner.release();
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
});

test('uploads and runs that find no memory are errors, and leak nothing', async () => {
  const backend = valueOf(await wasm()());
  const runner = valueOf(await backend.compile(sums)());
  const slot = valueOf(await backend.upload(numbers, 'float32')());
  const fillers = [];
  // all remaining memory, in blocks from 512 MiB down to a cache line; nothing is written
  for (let elements = 2 ** 27; elements >= 16; elements /= 2)
    for (;;) {
      const result = await backend.compile({ ...emptyPlan, arenaElements: elements })();
      if (E.isLeft(result)) break;
      fillers.push(result.right);
    }
  // a plan takes two blocks, so that a cache line may be left
  const lines = [];
  for (;;) {
    const result = await backend.upload(numbers, 'float32')();
    if (E.isLeft(result)) break;
    lines.push(result.right);
  }
  const { buffers, bytes } = backend.stats();
  const full = {
    left: { _tag: 'BackendFailure', where: 'the wasm backend', expected: expect.stringMatching(/MiB of free memory$/) },
  };
  for (const work of [
    backend.upload(numbers, 'float32'),
    backend.upload(new Float32Array(2 ** 20), 'float32'),
    runner.run([slot]),
  ]) {
    expect(await work()).toMatchObject(full);
    expect(backend.stats()).toMatchObject({ buffers, bytes });
  }
  expect(Array.from(valueOf(await backend.read(slot)()))).toEqual(Array.from(numbers));
  for (const filler of fillers) filler.release();
  for (const line of lines) backend.release(line)();
  const [output] = valueOf(await runner.run([slot])());
  expect('dtype' in output! && Array.from(valueOf(await backend.read(output)()))).toEqual(expected);
  valueOf(await backend.close());
});

/** Ten regions, with a sum in JavaScript after each: their tape has several hundred bytes. */
const many = lower(
  {
    inputs: [x],
    outputs: [Array.from({ length: 10 }).reduce((n: Node) => p.cumsum(p.add(n, n), 1), x)],
    donations: [null],
    donated: [false],
  },
  wasmBackend({}).capabilities,
);

test('a plan with memory for its buffers but not for its tape leaks nothing', async () => {
  const backend = valueOf(await wasm({ threads: 1 })());
  const released = valueOf(await backend.compile({ ...emptyPlan, arenaElements: 2 ** 20 })());
  const runners = [];
  // all other memory, in blocks from 512 MiB down to a cache line
  for (let elements = 2 ** 27; elements >= 16; elements /= 2)
    for (;;) {
      const result = await backend.compile({ ...emptyPlan, arenaElements: elements })();
      if (E.isLeft(result)) break;
      runners.push(result.right);
    }
  released.release();
  const before = backend.stats();
  for (let i = 0; i < 3; i++) {
    expect(await backend.compile({ ...many, arenaElements: 2 ** 20 })()).toMatchObject({
      left: { _tag: 'BackendFailure', expected: '0.0 MiB of free memory' }, // the memory of the tape
    });
    expect(backend.stats()).toMatchObject({ buffers: before.buffers, bytes: before.bytes });
  }
  // the block is free again
  runners.push(valueOf(await backend.compile({ ...emptyPlan, arenaElements: 2 ** 20 })()));
  for (const runner of runners) runner.release();
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  expect((await runPlan(backend, many, [numbers]))[0]![0]).toBe(2 ** 10);
  valueOf(await backend.close());
});

test('a plan whose code the engine refuses is an error, and leaks nothing', async () => {
  const backend = valueOf(await wasm({ threads: 1 })());
  const { Module } = engine;
  try {
    engine.Module = new Proxy(Module, {
      construct: () => {
        throw new RangeError('out of memory for code');
      },
    });
    expect(await backend.compile(many)()).toMatchObject({
      left: { _tag: 'BackendFailure', actual: 'RangeError: out of memory for code' },
    });
  } finally {
    engine.Module = Module;
  }
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  expect((await runPlan(backend, many, [numbers]))[0]![0]).toBe(2 ** 10);
  valueOf(await backend.close());
});

test('workers run stages above 2 GiB', async () => {
  const backend = wasmBackend({ threads: 2 }, { worthWorkers: 0 });
  const [expected] = await runPlan(backend, many, [numbers]);
  const below = valueOf(await backend.compile({ ...emptyPlan, arenaElements: 2 ** 29 + 2 ** 20 })());
  expect(await runPlan(backend, many, [numbers])).toEqual([expected]);
  below.release();
  valueOf(await backend.close());
});

test('without threads, everything runs on the calling thread, with the same bits', async () => {
  const alone = valueOf(await wasm({ threads: 0 })());
  const together = wasmBackend({ threads: 2 }, { worthWorkers: 0 });
  expect(await runPlan(alone, many, [numbers])).toEqual(await runPlan(together, many, [numbers]));
  for (const backend of [alone, together]) valueOf(await backend.close());
});

test('memory above 2 GiB holds values', async () => {
  const backend = valueOf(await wasm()());
  const below = valueOf(await backend.compile({ ...emptyPlan, arenaElements: 2 ** 29 + 2 ** 20 })());
  expect(Array.from((await runPlan(backend, sums, [numbers]))[0]!)).toEqual(expected);
  below.release();
  valueOf(await backend.close());
});

test('pairing is used, or an error says why not', async () => {
  const opened = await wasm({ pairing: true })();
  const { isWide } = formFor(false).choice();
  expect(opened._tag).toBe(isWide ? 'Right' : 'Left');
  if (E.isRight(opened)) valueOf(await opened.right.close());
  else
    expect(opened.left).toMatchObject({
      _tag: 'BackendUnavailable',
      where: 'the wasm backend: pairing',
      actual: expect.stringMatching(/take \d\.\d\d × the time|did not optimize/),
      hint: expect.stringContaining('Node 24'),
    });
});
