/** The target network of a loss: an average of the parameters that the losses get. */
import { expect, test } from 'vitest';
import { onWasm } from '../../../properties/training/onWasm.js';
import { edm, emaByIntervals, type Model, type Objective, rootIntervals, simpleLosses } from '../../diffusion/index.js';
import { add, type Backend, broadcastLike, key, mul, type Scalar, square, sub } from '../../dsl/index.js';
import { allZeros, emaConstant, parameter, sgd } from '../../nn/index.js';
import type { Snapshot } from '../../checkpoints/snapshot.js';
import { datasetOf } from '../../data/dataset.js';
import { right } from '../testing.js';
import { fit } from './fit.js';
import type { Training } from './training.js';

const data = right(datasetOf({ pixels: Uint8Array.of(0, 255, 64, 191), image: [1, 1, 1] }));
const model: Model<Scalar, [1, 1, 1]> = {
  ...parameter(allZeros),
  predicts: 'x0',
  clock: 'level',
  apply: (w, x) => mul(x, w),
};
const STEPS = 6;
const recipe = { model, noising: edm(), data, batch: 4, key: key(7), optimizer: sgd({ learningRate: 0.25 }), averageDecay: 0, steps: STEPS }; // oxfmt-ignore

/** (w - 3)² + w⁻ of each sample, for the target w⁻. */
const lossWith = (target: NonNullable<Objective['target']>): Objective => {
  const loss: Objective = (noising, denoiser, options) => {
    const simple = simpleLosses(noising, denoiser, options);
    return (w, inputs) => {
      const { losses, t } = simple(w, inputs);
      const value = add(square(sub(w as Scalar, 3)), inputs.target as Scalar); // scalars
      return { losses: broadcastLike(losses)(value) as typeof losses, t };
    };
  };
  return Object.assign(loss, { target, settings: target.settings });
};

const intervals = rootIntervals({ steps: STEPS, from: 2, to: 5 });
const loss = lossWith(emaByIntervals(intervals, 0.8));

/** The losses and the last target, by the rules of algorithm 3: w moves first, and w⁻ follows it by μ(k). */
const expected = (shareAt: (k: number) => number) => {
  let [w, target] = [0, 0];
  const losses = Array.from({ length: STEPS }, (_, k) => {
    const loss = (w - 3) ** 2 + target;
    w -= 0.25 * 2 * (w - 3);
    target += shareAt(k) * (w - target);
    return loss;
  });
  return { losses, target };
};
const byIntervals = expected((k) => 1 - 0.8 ** (2 / intervals.at(k)));

type Change = Partial<Training<Scalar, [1, 1, 1]>>;
/** Trains, and returns the losses and a snapshot after each step. */
const trained = async (backend: Backend, change: Change) => {
  const losses: number[] = [];
  const snapshots: Snapshot[] = [];
  const run = fit({
    ...{ ...recipe, loss, ...change },
    onEvent: async (event, run) => {
      if (event._tag !== 'Step') return;
      losses.push(event.loss);
      snapshots.push(right(await run.snapshot()));
    },
  });
  right(await run(backend)());
  return { losses, snapshots };
};
const close = (actual: readonly number[], numbers: readonly number[]) =>
  numbers.forEach((number, i) => expect(actual[i]).toBeCloseTo(number, 5));

test.each<readonly [string, Change, string]>([
  ['one average', {}, 'averages.1'],
  ['a list of averages', { averageDecay: [0.5, 0.9] }, 'averages.2'],
  ['parts of a batch', { accumulate: 2 }, 'averages.1'],
])('follows the parameters by its own decay, with %s, and snapshots hold it', (_, change, name) =>
  onWasm(async (backend) => {
    const { losses, snapshots } = await trained(backend, change);
    close(losses, byIntervals.losses);
    close(Array.from(snapshots.at(-1)!.tensors.get(name)!.data as Float32Array), [byIntervals.target]);
  }),
);

test('a constant decay is that of consistency distillation', () =>
  onWasm(async (backend) => {
    const { losses } = await trained(backend, { loss: lossWith(emaConstant(0.75)) });
    close(losses, expected(() => 0.25).losses);
  }));

test('a run that resumes ends with the same bits', () =>
  onWasm(async (backend) => {
    const whole = await trained(backend, {});
    const rest = await trained(backend, { from: whole.snapshots[2]! });
    expect(rest.losses).toEqual(whole.losses.slice(3));
    expect(rest.snapshots.at(-1)).toEqual(whole.snapshots.at(-1));
    const other = fit({ ...recipe, loss: lossWith(emaByIntervals(intervals, 0.7)), from: whole.snapshots[2]! });
    expect(await other(backend)()).toMatchObject({ left: { _tag: 'CheckpointMismatch' } });
  }));
