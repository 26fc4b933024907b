import { engine } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { expect, test } from 'vitest';
import { runPlan, unfused, valueOf } from '../../../properties/oracles/plans.js';
import type { Plan } from '../../dsl/compile/plan.js';
import { node } from '../../dsl/graph/node.js';
import * as p from '../../dsl/primitives/index.js';
import { E } from '../../internal/fp.js';
import { wasm } from './backend.js';

const x = node('input', [], { path: 'x' }, [2, 3], 'float32');
const sums = unfused([p.cumsum(x, 1)]);
const numbers = Float32Array.of(1, 2, 3, 4, 5, 6);
const expected = [1, 3, 6, 4, 9, 15];

const emptyPlan: Plan = { buffers: [], calls: [], arenaElements: 0, inputs: [], outputs: [] };

const listenersOf = () => [process.listeners('uncaughtException'), process.listeners('unhandledRejection')];

// must be first: the module starts once
test('starting the module leaves the listeners of the process as they are', async () => {
  const before = listenersOf();
  const others = () => undefined;
  const starting = wasm()();
  process.on('uncaughtException', others); // of the program, meanwhile
  const backend = valueOf(await starting);
  expect(process.listeners('uncaughtException')).toEqual([...before[0]!, others]);
  process.removeListener('uncaughtException', others);
  expect(listenersOf()).toEqual(before);
  valueOf(await backend.close());
  expect(listenersOf()).toEqual(before);
});

test('backends started concurrently share one module, and closing one does not affect the others', async () => {
  const [first, second] = (await Promise.all([wasm()(), wasm()()])).map((b) => valueOf(b));
  const third = valueOf(await wasm()());
  expect(engine().backendName).toBeUndefined(); // acquiring a backend must not select tfjs's current backend
  const runner = valueOf(await second!.compile(sums)());
  const slot = valueOf(await second!.upload(numbers, 'float32')());
  valueOf(await first!.close());
  const [output] = valueOf(await runner.run([slot])());
  expect(Array.from((await runPlan(third, sums, [numbers]))[0]!)).toEqual(expected);
  expect('dtype' in output! && Array.from(valueOf(await second!.read(output)()))).toEqual(expected);
  valueOf(await second!.close());
  valueOf(await third.close());
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
  expect(error).toMatchObject({ _tag: 'BackendFailure', expected: '512.0 MiB of free memory' });
  expect(await backend.compile({ ...emptyPlan, arenaElements: 2 ** 31 })()).toMatchObject({
    left: { _tag: 'BackendFailure' },
  });
  expect(Array.from((await runPlan(backend, sums, [numbers]))[0]!)).toEqual(expected);
  for (const runner of runners) runner.release();
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
});

test('tfjs kernels leave no tensors behind, even when they fail', async () => {
  const backend = valueOf(await wasm()());
  const tfjs = engine().registry['wasm'] as BackendWasm; // the cast is safe: the backend above has started it
  const before = tfjs.numDataIds();
  await runPlan(backend, sums, [numbers]);
  const call = sums.calls[0]!;
  const bad: Plan = {
    ...sums,
    calls: [{ ...call, kind: 'library', node: { op: 'argmax', attributes: { axis: 7 } } } as typeof call],
  }; // prettier-ignore
  await expect(runPlan(backend, bad, [numbers])).rejects.toThrow(/axis/);
  expect(tfjs.numDataIds()).toBe(before);
});
