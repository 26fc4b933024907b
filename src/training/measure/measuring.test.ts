import { expect, test } from 'vitest';
import { wasm } from '../../backends/wasm/backend.js';
import { type Backend, key, release, using } from '../../dsl/index.js';
import { TE } from '../../internal/fp.js';
import { fit } from '../fit/fit.js';
import { logLikelihoods } from './logLikelihoods.js';
import { bars, leftOf, right, smallTraining } from '../testing.js';
import { variationalBound } from './variationalBound.js';

const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

const measure = (steps: number) =>
  onWasm(async (backend) => {
    const trained = right(await fit({ ...smallTraining(steps), averageDecay: 0.9 })(backend)());
    const held = backend.stats().bytes;
    const of = { data: bars(24), images: 7, batch: 4, key: key(2) };
    const bound = right(await variationalBound(of)(trained)(backend)());
    const likelihoods = right(await logLikelihoods({ ...of, grid: 20, dequantize: true })(trained)(backend)());
    expect(backend.stats().bytes).toBe(held);
    right(await release(trained.params)(backend)());
    return [bound.total, likelihoods.bits.reduce((a, b) => a + b, 0) / 7] as const;
  });

test('a trained U-Net needs fewer bits for images than an untrained one, by the bound and by the flow', async () => {
  const [[boundBefore, flowBefore], [boundAfter, flowAfter]] = [await measure(0), await measure(120)];
  expect(boundAfter).toBeLessThan(boundBefore - 1);
  expect(flowAfter).toBeLessThan(flowBefore - 1);
});

test('data whose labels mean other classes than those of the training are refused', () =>
  onWasm(async (backend) => {
    const named = (...classes: string[]) => ({ ...bars(24), names: { label: classes } });
    const trained = right(await fit({ ...smallTraining(0), data: named('a', 'b', 'c') })(backend)());
    const measured = { data: named('a', 'c'), images: 2, batch: 2, key: key(2) };
    const rest =
      'data.names.label: expected the classes of the training in their order: a, b, c, got "c" for the class 1';
    expect((await leftOf(variationalBound(trained, measured)(backend))).message).toContain(`variationalBound: ${rest}`);
    expect((await leftOf(logLikelihoods(trained, measured)(backend))).message).toContain(`logLikelihoods: ${rest}`);
    right(await logLikelihoods(trained, { ...measured, data: named('a', 'b'), grid: 2 })(backend)());
    right(await release(trained.params)(backend)());
  }));
