/** Wrong parts of a training and of a sampling: each ends at the door, in an error that names its field. */
import { afterAll, describe, expect, test } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import {
  ancestral,
  cfg,
  clipToImage,
  consistencyLosses,
  cosine,
  ddim,
  ddpm,
  type Denoiser,
  dynamicThreshold,
  gaussian,
  importanceTimesteps,
  logitNormalTimes,
  type Model,
  rectifiedFlow,
  sampler,
  simpleLosses,
  solverOf,
  trailing,
  uniformTimes,
} from '../../src/diffusion/index.js';
import { cast, compile, key, mul, program, scalar, type Scalar, zeros } from '../../src/dsl/index.js';
import { open, right, unwrap } from '../../src/index.js';
import { adam, allOnes, parameter } from '../../src/nn/index.js';
import { datasetOf, fit, optimalTransport, sample } from '../../src/training/index.js';
import { errorIn, type NoisefoldError } from '../../src/internal/errors.js';
import { EXCEPTION, wrongFor } from './watch.js';

/** Removes types, as in JavaScript. */
const any = (given: unknown): never => given as never;

const noising = unwrap(ddpm(cosine(10)));
const model: Model<Scalar, [1, 1, 1]> = {
  ...parameter(allOnes),
  predicts: 'v',
  conditions: { label: { classes: 1 } },
  apply: (w, x) => mul(x, w),
};
const data = unwrap(datasetOf({ pixels: Uint8Array.of(255, 0), labels: Uint8Array.of(0, 0), image: [1, 1, 1] }));
const training = { model, data, noising, optimizer: adam({ learningRate: 0.1 }), batch: 2, steps: 1, key: key(7) };
const parts = { noising, denoiser: model as Denoiser<Scalar, [1, 1, 1]>, solver: ancestral(), grid: 4 };
const sampling = { solver: ancestral(), grid: 4, key: key(8), labels: [0] };

/** Each wrong value of a field: of a wrong kind, or a function whose result is. `undefined` leaves an option out. */
const wrongOf = (right: unknown, isRequired: boolean, more: readonly unknown[]): readonly unknown[] => [
  ...wrongFor(right).flatMap(([kind, value]) =>
    (kind === 'undefined' && !isRequired) || kind === 'a promise' ? [] : [value],
  ),
  () => undefined,
  () => 3,
  ...more,
];

const nf = await open(reference());
afterAll(nf.close);
const trained = await nf.run(fit({ ...training, onEvent: () => undefined }));

const doors = {
  fit: (change: object) => nf.run(fit(any({ ...training, onEvent: () => undefined, ...change }))),
  sample: (change: object) => nf.run(sample(any(trained), any({ ...sampling, ...change }))),
  trained: (change: object) => nf.run(sample(any({ ...trained, ...change }), any(sampling))),
  sampler: (change: object) => {
    const { start, step } = unwrap(sampler<Scalar, [1, 1, 1]>(any({ ...parts, ...change })));
    const first = program({ k: 'key' }, ({ k }) =>
      step(scalar(1), start(zeros(2, 1, 1, 1)), { index: cast(scalar(0), 'int32'), key: k }),
    );
    return nf.run(compile(first, {}));
  },
};

const networks = [
  { ...model, predicts: 'eps' },
  { ...model, apply: 3 },
  { ...model, params: 3 },
];
const noisings = [cosine(10), rectifiedFlow, { marginals: 3 }];
const guided = [cfg, () => right(3), () => right(cfg), () => 3];
const grids = [trailing, () => right(3), () => right(['3', '1']), () => [3, 1]];
const solvers = [ddim, { plan: 3 }, { plan: () => 3 }, { plan: () => right([]) }, solverOf(any(() => 3))];
const corrections = [() => () => 3, dynamicThreshold, () => zeros(1)];

describe.each<[door: keyof typeof doors, field: string, rightValue: unknown, more: readonly unknown[], where?: RegExp]>([
  ['fit', 'model', model, [...networks, { ...model, init: 3 }]],
  ['fit', 'noising', noising, noisings],
  ['fit', 'optimizer', training.optimizer, [adam, { ...training.optimizer, update: 3 }]],
  ['fit', 'loss', simpleLosses, [consistencyLosses, () => () => 3, () => () => ({ losses: 3 }), () => right(simpleLosses)], /loss|consistencyLosses/i],
  ['fit', 'times', uniformTimes, [logitNormalTimes, importanceTimesteps, () => uniformTimes, () => () => 3, () => () => () => 3]],
  ['fit', 'coupling', optimalTransport(), [optimalTransport, async () => new Float32Array(1), async () => right(new Float32Array(2))]],
  ['sample', 'solver', ddim(), solvers],
  ['sample', 'guidance', cfg(2), guided],
  ['sample', 'grid', 4, grids, /grid|atTimes/],
  ['sample', 'correction', clipToImage, corrections, /correction|dynamicThreshold/],
  ['trained', 'model', model, networks],
  ['trained', 'noising', noising, noisings],
  ['sampler', 'solver', ddim(), solvers],
  ['sampler', 'guidance', cfg(2), guided],
  ['sampler', 'grid', 4, grids, /grid|atTimes/],
  ['sampler', 'noising', noising, noisings],
  ['sampler', 'denoiser', model, [{ predicts: 'eps' }, { ...model, predicts: 'eps' }, { ...model, apply: 3 }, { ...model, apply: () => 3 }]],
  ['sampler', 'correction', clipToImage, corrections, /correction|dynamicThreshold/],
  ['sampler', 'noise', gaussian, [() => 3, () => () => 3, () => gaussian, () => zeros(2, 1, 1, 1)]],
])('%s: %s', (door, field, rightValue, more, where = new RegExp(field)) => {
  const isRequired = ['model', 'noising', 'optimizer', 'solver', 'denoiser'].includes(field);
  test.each(wrongOf(rightValue, isRequired, more).map((value) => [value]))('%#: %o', async (value) => {
    const thrown: unknown = await (async () => doors[door]({ [field]: value }))().then(
      () => 'taken',
      (error: unknown) => error,
    );
    const error = errorIn(thrown) ?? thrown;
    expect(error).toMatchObject({ _tag: expect.stringMatching(/ConfigError|ShapeError/), where: expect.stringMatching(where) });
    expect((error as NoisefoldError).message).not.toMatch(EXCEPTION);
  });
}); // oxfmt-ignore
