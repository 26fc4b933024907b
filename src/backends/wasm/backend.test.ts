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
  expect(runners.length).toBe(7); // the first cache line and what 512 MiB leave of 4 GiB
  expect(error).toMatchObject({ _tag: 'BackendFailure', expected: '512.0 MiB of free memory' });
  expect(await backend.compile({ ...emptyPlan, arenaElements: 2 ** 31 })()).toMatchObject({
    left: { _tag: 'BackendFailure' },
  });
  expect(Array.from((await runPlan(backend, sums, [numbers]))[0]!)).toEqual(expected);
  for (const runner of runners) runner.release();
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
});

test('memory above 2 GiB holds values', async () => {
  const backend = valueOf(await wasm()());
  const below = valueOf(await backend.compile({ ...emptyPlan, arenaElements: 2 ** 29 + 2 ** 20 })());
  expect(Array.from((await runPlan(backend, sums, [numbers]))[0]!)).toEqual(expected);
  below.release();
  valueOf(await backend.close());
});
