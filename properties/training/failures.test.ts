/** Injects a failure into every operation of every loop: the loop fails with it, and no memory leaks. */
import { expect, test } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import {
  ancestral,
  conditioningAugmentation,
  cosine,
  ddpm,
  imageOf,
  type Model,
  superResolution,
} from '../../src/diffusion/index.js';
import {
  add,
  ascribeLike,
  type Backend,
  type Effect,
  failure,
  key,
  mul,
  type NoisefoldError,
  release,
  type Resident,
  type Scalar,
  upload,
  upsample,
  using,
} from '../../src/dsl/index.js';
import type { Runner } from '../../src/dsl/plan/backend.js';
import { E, TE, type taskEither } from '../../src/internal/fp.js';
import { adam, allOnes, parameter } from '../../src/nn/index.js';
import { datasetOf } from '../../src/data/dataset.js';
import { fit } from '../../src/training/fit/fit.js';
import { logLikelihoods } from '../../src/training/measure/logLikelihoods.js';
import { variationalBound } from '../../src/training/measure/variationalBound.js';
import { encode } from '../../src/training/sample/encode.js';
import { sample } from '../../src/training/sample/sample.js';
import { right } from '../../src/training/testing.js';
import type { Trained } from '../../src/checkpoints/trained.js';
import { notAsked } from '../asked.js';

/** Every operation fails once in `npm run test:all`, every third in `npm test`. */
const STRIDE = notAsked === '' ? 1 : 3;

const injected = failure('BackendFailure', { where: 'a test', expected: 'room', actual: 'none', hint: 'none' });

/**
 * A backend whose operation number `failing` fails, counted from 0 since the last restart; and the number of started
 * operations.
 */
const failingAt = (backend: Backend, failing: number) => {
  let started = Number.NaN; // nothing fails before the first restart
  const restart = (): void => void (started = 0);
  const faulty =
    <A>(work: taskEither.TaskEither<NoisefoldError, A>): taskEither.TaskEither<NoisefoldError, A> =>
    async () =>
      started++ === failing ? E.left(injected) : work();
  const watched = (runner: Runner): Runner => ({ ...runner, run: (inputs) => faulty(runner.run(inputs)) });
  const flawed: Backend = {
    ...backend,
    upload: (data, dtype) => faulty(backend.upload(data, dtype)),
    read: (buffer) => faulty(backend.read(buffer)),
    compile: (plan) => faulty(TE.map(watched)(backend.compile(plan))),
  };
  return { flawed, started: () => started, restart };
};

type Size = [2, 2, 1];
const noising = right(ddpm(cosine(3)));
const data = right(datasetOf({ pixels: Uint8Array.from({ length: 12 }, (_, i) => 20 * i), labels: Uint8Array.of(0, 1, 1), image: [2, 2, 1] })); // oxfmt-ignore
/** A model of one parameter, which is conditioned on classes and on noisy images of half the size. */
const model: Model<Scalar, Size> = {
  ...parameter(allOnes),
  predicts: 'x0',
  conditions: { label: { classes: 2 }, small: { image: 1, noiseLevel: true } },
  apply: (w, x, at) => add(mul(x, w), ascribeLike(upsample(imageOf(at, 'small')!.image), x)),
};
const made = { small: conditioningAugmentation(noising)(superResolution({ factor: 2 })) };
const small = { data: new Float32Array(3), shape: [3, 1, 1, 1] } as const;
const large = { data: new Float32Array(12), shape: [3, 2, 2, 1] } as const;
const seven = key(7);

type Use = (trained: Trained<Scalar, Size>) => Effect<unknown>;

const uses: Readonly<Record<string, Use>> = {
  sample: sample({
    solver: ancestral(),
    key: seven,
    labels: [0, 1, 0],
    batch: 2,
    conditions: { small: { ...small, t: 1 } },
    known: { images: large, mask: large },
    previews: { every: 2, show: () => TE.right(undefined) },
  }),
  encode: encode({ images: large, key: seven, batch: 2, conditions: { small: { ...small, t: 1 } }, labels: [0, 1, 0] }),
  logLikelihoods: logLikelihoods<Size>({ data, batch: 2, key: seven, conditions: made }),
  variationalBound: variationalBound<Size>({ data, batch: 2, key: seven, conditions: made }),
  fit: () =>
    fit<Scalar, Size>({
      model,
      noising,
      optimizer: adam({ learningRate: 0.1 }),
      data,
      conditions: made,
      batch: 2,
      steps: 2,
      key: seven,
      heldOut: { data, every: 1 },
      onEvent: (_, run) => TE.map(() => undefined)(run.snapshot),
    }),
};

test.each(Object.entries(uses))('%s ends with the failure of any operation, and frees its memory', async (_, use) => {
  const operations = await using(reference())((backend) => async () => {
    /** The number of operations if all succeed; null if the failing one was reached. */
    const outcomeAt = async (failing: number): Promise<number | null> => {
      const { flawed, started, restart } = failingAt(backend, failing);
      const params = right(await upload(Float32Array.of(1), [])(flawed)()) as Resident<Scalar>;
      restart();
      const result = await use({ model, noising, image: [2, 2, 1], params })(flawed)();
      const count = started();
      if (count > failing) expect(result, `operation ${failing}`).toEqual(E.left(injected));
      else right(result);
      const isTrained = E.isRight(result) && 'params' in (result.right as object);
      const left = isTrained ? (result.right as Trained<Scalar, Size>).params : [];
      right(await release([params, left])(flawed)());
      expect(backend.stats(), `operation ${failing}`).toMatchObject({ buffers: 0, bytes: 0 });
      return count > failing ? null : count;
    };
    const all = (await outcomeAt(Infinity))!; // without a failure
    for (let failing = 0; failing < all; failing += STRIDE) expect(await outcomeAt(failing)).toBeNull();
    return E.right(all);
  })();
  expect(right(operations)).toBeGreaterThan(10);
});
