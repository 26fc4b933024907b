import { expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/index.js';
import { F, RTE } from '../../internal/fp.js';
import type { Backend } from '../compile/backend.js';
import type { Task } from './effect.js';
import {
  addBias,
  compile,
  explain,
  type ExplainedCall,
  matmul,
  program,
  showExplanation,
  silu,
  using,
} from '../index.js';

const layer = program({ x: 'B 4', p: { w: '4 8', b: '8' } }, ({ x, p }) => F.pipe(x, matmul(p.w), addBias(p.b), silu));
const explained = async (backend: () => Task<Backend>): Promise<readonly ExplainedCall[]> => {
  const calls = F.pipe(compile(layer, { B: 2 }), RTE.map((executable) => explain(executable))); // prettier-ignore
  return right(await using(backend())(calls)());
};

test('a fused call lists its operations, the last one first, and its parameter', async () => {
  expect(await explained(wasm)).toMatchObject([
    { label: 'dot', place: 'p.w', flops: 2 * 2 * 4 * 8 },
    { label: 'mul ∘ sigmoid ∘ add', place: 'p.b', flops: 3 * 2 * 8 },
  ]);
});

test('uncounted operations are null and show no rate', async () => {
  const calls = await explained(reference);
  expect(calls.map(({ flops }) => flops)).toEqual(calls.map(() => null));
  const [dot] = calls.filter(({ label }) => label === 'dot');
  const shown = showExplanation([{ ...dot!, milliseconds: 0.5 }]);
  expect(shown.replace(/\s+/g, ' ')).toBe(` 0.500 ${dot!.kernel} dot ${dot!.shapes} p.w`);
});
