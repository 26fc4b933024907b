import { expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/index.js';
import { F, RTE } from '../../internal/fp.js';
import { plan } from '../compile/planning.js';
import type { Backend } from '../plan/backend.js';
import type { Task } from './effect.js';
import {
  addBias,
  compile,
  explain,
  type ExplainedCall,
  matmul,
  measurePeak,
  type Peak,
  program,
  showExplanation,
  silu,
  using,
} from '../index.js';

const layer = program({ x: 'B 4', p: { w: '4 8', b: '8' } }, ({ x, p }) => F.pipe(x, matmul(p.w), addBias(p.b), silu));
const explained = async (backend: () => Task<Backend>): Promise<readonly ExplainedCall[]> => {
  const calls = F.pipe(compile(layer, { B: 2 }), RTE.map((executable) => explain(executable))); // oxfmt-ignore
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
  expect(shown.replace(/\s+/g, ' ')).toBe(` ms GFLOP/s GB/s peak kernel 0.500 ${dot!.kernel} dot ${dot!.shapes} p.w`);
});

const planned = { plan: right(plan(layer, { B: 2 }, right(await wasm()()).capabilities)).plan, kernels: [] };
const bytes = [4 * (2 * 4 + 4 * 8 + 2 * 8), 4 * (2 * 8 + 8 + 2 * 8)] as const;

test('rates are operations and bytes over time', () => {
  const calls = explain(planned, [0.001, 0.002]);
  expect(calls.map((call) => call.bytes)).toEqual(bytes);
  expect(calls[0]!.gflops).toBeCloseTo((2 * 2 * 4 * 8) / 1000, 9); // the rates of one microsecond
  expect(calls[1]!.gflops).toBeCloseTo((3 * 2 * 8) / 2000, 9);
  calls.forEach(({ gbs, ofPeak }, i) => {
    expect(gbs).toBeCloseTo(bytes[i]! / (1000 * (i + 1)), 9);
    expect(ofPeak).toBeNull();
  });
});

test('without times there are no rates', () => {
  for (const call of explain(planned, [], { gflops: 1, gbs: 1 }))
    expect(call).toMatchObject({ milliseconds: null, gflops: null, gbs: null, ofPeak: null });
});

test('the share of the peak is that of operations or of bytes, whichever limits the call', () => {
  const shares = (peak: Peak): readonly (number | null)[] =>
    explain(planned, [0.001, 0.001], peak).map(({ ofPeak }) => ofPeak);
  const [product, activation] = shares({ gflops: 1, gbs: 1e9 });
  expect(product).toBeCloseTo(0.128, 9);
  expect(activation).toBeCloseTo(0.048, 9);
  const [read, written] = shares({ gflops: 1e9, gbs: 1 });
  expect(read).toBeCloseTo(bytes[0] / 1000, 9);
  expect(written).toBeCloseTo(bytes[1] / 1000, 9);
});

test('a line shows the share of the peak in percent', () => {
  const [call] = explain(planned, [0.001], { gflops: 1, gbs: 10 });
  const shown = showExplanation([call!]).split('\n')[1]!;
  expect(shown.trim().split(/\s+/).slice(0, 5)).toEqual(['0.001', '0.1', '0.2', '13', '%']);
});

test('a backend that is closed has no peak', async () => {
  const backend = right(await wasm()());
  right(await backend.close());
  expect(await measurePeak(backend)()).toMatchObject({ left: { _tag: 'BackendFailure' } });
});
