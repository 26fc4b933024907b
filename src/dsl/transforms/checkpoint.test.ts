import { describe, expect, test } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import type { Capabilities } from '../plan/backend.js';
import {
  checkpoint, constantOf, cos, exp, grad, matmul, mul, normal, program, sin, sum, tanh,
  type Tensor,
} from '../index.js'; // oxfmt-ignore
import { plan } from '../compile/planning.js';

type State = Tensor<[16, 16]>;
type Block = (h: State) => State;
type Wrap = (block: Block) => Block;

const FUSING: Capabilities = { fuses: true, composites: [], scratchElements: () => 0 };
const PLAIN: Capabilities = { fuses: false, composites: [], scratchElements: () => 0 };

const repeated =
  (n: number, f: Block): Block =>
  (h) =>
    n === 0 ? h : repeated(n - 1, f)(f(h));

/** The arena size of the gradient through eight blocks of eight steps, in elements. */
const arenaOf = (step: (w: State) => Block, wrap: Wrap, capabilities: Capabilities): number => {
  const loss = (w: State) => (x: State) => sum(repeated(8, wrap(repeated(8, step(w))))(x));
  const slopes = program({ w: '16 16', x: '16 16' }, ({ w, x }) => grad(loss(w))(x));
  return right(plan(slopes, {}, capabilities)).plan.arenaElements;
};

const asIs: Wrap = (block) => block;
const dense =
  (w: State): Block =>
  (h) =>
    tanh(matmul(h, w));
const elementwise =
  (w: State): Block =>
  (h) =>
    sin(exp(cos(mul(h, w))));

describe('checkpoint', () => {
  const steps = { 'matmul and tanh': dense, 'elementwise operations': elementwise };
  const backends = { 'that fuses': FUSING, 'that does not': PLAIN };
  for (const [name, step] of Object.entries(steps))
    for (const [kind, capabilities] of Object.entries(backends))
      test(`a chain of blocks of ${name} uses less than half of the memory on a backend ${kind}`, () => {
        const [kept, again] = [asIs, checkpoint as Wrap].map((wrap) => arenaOf(step, wrap, capabilities));
        expect(again!).toBeLessThan(kept! / 2);
      });

  test('is twice differentiable by captured tensors', async () => {
    type V = Tensor<[3]>;
    const mixed = (wrap: (f: (x: V) => V) => (x: V) => V) =>
      grad((w: V) => {
        const f = wrap((x) => sin(mul(exp(mul(x, w)), w)));
        return sum(mul(grad((x: V) => sum(f(x)))(w), w));
      })(constantOf([0.3, -0.5, 1.2], 3));
    const expected = await numbersOf(() => mixed((f) => f));
    const actual = await numbersOf(() => mixed((f) => checkpoint(f)));
    actual.forEach((x, i) => expect(x).toBeCloseTo(expected[i]!, 12));
  });

  test('draws random numbers once', () => {
    const noisy = program({ x: '4', key: 'key' }, ({ x, key }) =>
      grad((x: Tensor<[4]>) => sum(checkpoint((h: Tensor<[4]>) => exp(mul(h, normal(key, 4))))(x)))(x),
    );
    const { calls } = right(plan(noisy, {}, FUSING)).plan;
    expect(calls.filter(({ kind }) => kind === 'random')).toHaveLength(1);
  });
});
