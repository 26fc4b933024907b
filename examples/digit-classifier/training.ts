/**
 * Trains the classifier of `digitClassifier`: cross-entropy on digits that are shifted at random, with moving averages.
 */
import type { Noisefold } from 'noisefold';
import { compile, foldIn, fork, logSoftmax, mean, mul, neg, oneHot, program, type RandomKey, read, sum, valueAndGrad } from 'noisefold/dsl'; // oxfmt-ignore
import { digitNetwork, type DigitParams } from 'noisefold/evaluation';
import { adamw, cosineDecay, ema, learner, warmup } from 'noisefold/nn';
import { augmented, type Dataset, positionsOf, randomCrop } from 'noisefold/training';
import { function as F } from 'fp-ts';

export interface Settings {
  readonly steps: number;
  readonly batch: number;
  readonly key: RandomKey;
  /** Receives the loss of a step, from time to time. */
  readonly onLoss: (step: number, loss: number) => void;
}

const AVERAGE_DECAY = 0.998;
const REPORT_EVERY = 100;

const learningRate = (steps: number) => F.pipe(2e-3, warmup(100), cosineDecay({ steps, floor: 0.01 }));

/** The averaged parameters after some steps. */
export const train = async (nf: Noisefold, digits: Dataset, { steps, batch, key, onLoss }: Settings) => {
  const { state, init, update } = learner(
    digitNetwork,
    adamw({ learningRate: learningRate(steps), weightDecay: 0.01 }),
  );
  const start = program('key', (k) => {
    const first = init(k);
    return { state: first, average: first.params };
  });
  const spec = { state, average: digitNetwork.params, images: 'B 28 28 1', labels: 'B:int32' } as const;
  const step = program(spec, ({ state, average, images, labels }) => {
    const { value: loss, grad } = valueAndGrad((params: DigitParams) => {
      const { logits } = digitNetwork.apply(params)(images);
      return neg(mean(sum(mul(oneHot(labels, 10), logSoftmax(logits)), 1))); // the cross-entropy
    })(state.params);
    const next = update(grad, state);
    return { state: next, average: ema(average, next.params, AVERAGE_DECAY), loss };
  });

  const keys = fork(key, 'start', 'order', 'shifts');
  const data = augmented(digits, [randomCrop({ padding: 2 })]);
  const positions = positionsOf({ key: keys.order, size: data.size, batch });
  const { run } = await nf.run(compile(step, { B: batch }, { donate: ['state', 'average'] }));
  const starter = await nf.run(compile(start, {}));
  let trained = await nf.run(starter.run(keys.start));
  for (let i = 0; i < steps; i++) {
    const { images, labels = new Int32Array(batch) } = await nf.run(() =>
      data.batch(positions(i), foldIn(keys.shifts, i)),
    );
    const { loss, ...next } = await nf.run(run({ ...trained, images, labels }));
    if ((i + 1) % REPORT_EVERY === 0) onLoss(i + 1, (await nf.run(read(loss)))[0]!);
    trained = next;
  }
  return trained.average;
};
