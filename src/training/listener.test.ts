import { describe, expect, test } from 'vitest';
import { reference } from '../backends/reference/index.js';
import { cosine, ddim, ddpm, type Model } from '../diffusion/index.js';
import { type Backend, failure, key, onesLike, raise, treeSpec, using } from '../dsl/index.js';
import { E, TE } from '../internal/fp.js';
import { adam } from '../nn/index.js';
import { datasetOf } from '../data/dataset.js';
import { fit } from './fit/fit.js';
import type { TrainingRun } from './fit/run.js';
import { variationalBound } from './measure/variationalBound.js';
import { logLikelihoods } from './measure/logLikelihoods.js';
import { encode } from './sample/encode.js';
import { prepareSampling } from './sample/prepareSampling.js';
import { sample } from './sample/sample.js';
import { right } from './testing.js';

const none = { params: treeSpec<object>({}), init: () => ({}) };
const model: Model<object, [1, 1, 1]> = { ...none, predicts: 'x0', apply: (_, x) => onesLike(x) };
const data = right(datasetOf({ pixels: Uint8Array.of(255, 0), labels: new Uint8Array(2), image: [1, 1, 1] }));
const noising = right(ddpm(cosine(5)));
const trained = { model, noising, image: [1, 1, 1], params: {} } as const;
const recipe = { model, data, noising, optimizer: adam({ learningRate: 0.1 }), batch: 1, steps: 4, key: key(7) };
const sampling = { solver: ddim(), grid: 4, key: key(8) };
const image = { data: Float32Array.of(1), shape: [1, 1, 1, 1] as const };

type Listener = () => unknown;
type Work = (backend: Backend) => TE.TaskEither<unknown, unknown>;

/** Work with a listener that is called after each of its steps, of which there are at least 4. */
const listeners: readonly (readonly [string, (listener: Listener) => Work])[] = [
  ['fit.onEvent', (onEvent) => fit({ ...recipe, onEvent: onEvent as () => void })],
  ['sample.onStep', (onStep) => sample(trained, { ...sampling, onStep })],
  ['sample.previews.show', (show) => sample(trained, { ...sampling, previews: { every: 1, show } })],
  ['encode.onStep', (onStep) => encode(trained, { images: image, grid: 4, key: key(8), onStep } as never)],
  ['variationalBound.onStep', (onStep) => variationalBound(trained, { data, batch: 2, key: key(8), onStep })],
  ['logLikelihoods.onStep', (onStep) => logLikelihoods(trained, { data, batch: 2, grid: 5, key: key(8), onStep })],
  [
    'sample.onStep',
    (onStep) => (backend) => async () => {
      const prepared = right(await prepareSampling(trained, { solver: ddim(), grid: 4 })(backend)());
      return prepared.sample({ key: key(8), onStep })();
    },
  ],
];

const run = (work: Work) => using(reference())(work as never)();
const mine = failure('FileError', { where: 'mine', expected: 'a disk', actual: 'none', hint: 'buy one' });
const later = () => new Promise((resolve) => setTimeout(resolve, 2));

describe.each(listeners)('%s', (name, worksWith) => {
  test.each([
    ['a promise', (log: string[]) => later().then(() => log.push('end'))],
    ['a task', (log: string[]) => () => later().then(() => E.right(log.push('end')))],
    ['an effect', (log: string[]) => () => () => later().then(() => E.right(log.push('end')))],
  ])('the next step waits for %s', async (_, work) => {
    const log: string[] = [];
    right((await run(worksWith(() => (log.push('begin'), work(log))))) as never);
    expect(log.length).toBeGreaterThanOrEqual(8);
    expect(log.join(' ')).toMatch(/^(begin end ?)+$/);
  });

  test.each<[string, Listener]>([
    ['a promise', async () => E.left(mine)],
    ['a task', () => TE.left(mine)],
    ['an effect', () => () => TE.left(mine)],
    ['an exception', () => raise(mine._tag, mine)],
    ['a rejected promise', async () => raise(mine._tag, mine)],
  ])('an error value in %s ends the work', async (_, listener) => {
    let calls = 0;
    expect(await run(worksWith(() => (calls++, listener())))).toMatchObject(E.left(mine));
    expect(calls).toBe(1);
  });

  test.each<[string, Listener]>([
    ['an exception', () => { throw new Error('mine'); }],
    ['a rejected promise', () => Promise.reject(new Error('mine'))],
    ['a task that rejects', () => () => Promise.reject(new Error('mine'))],
  ])('%s is an error that names the listener', async (_, listener) => {
    expect(await run(worksWith(listener))).toMatchObject({
      left: {
        _tag: 'ConfigError',
        where: name,
        expected: 'a function that does not throw',
        actual: expect.stringMatching(/^Error: mine/),
      },
    });
  }); // oxfmt-ignore
});

test.each<[string, () => 'stop' | Promise<'stop'> | TE.TaskEither<never, 'stop'>]>([
  ['returned', () => 'stop'],
  ['in a promise', async () => 'stop' as const],
  ['in a task', () => TE.right('stop')],
])("'stop' %s ends a training and keeps its result", async (_, stop) => {
  let steps = 0;
  const onEvent = () => (++steps === 2 ? stop() : undefined);
  right(await using(reference())(fit({ ...recipe, onEvent }))());
  expect(steps).toBe(2);
});

test('onError may be async, and is named by its exceptions', async () => {
  const seen: unknown[] = [];
  const onEvent = () => Promise.reject(new Error('first'));
  const onError = async (error: unknown, { snapshot }: TrainingRun) => {
    seen.push(error, right(await snapshot()).step);
  };
  expect(await using(reference())(fit({ ...recipe, onEvent, onError }))()).toMatchObject({
    left: { where: 'fit.onEvent' },
  });
  expect(seen).toMatchObject([{ where: 'fit.onEvent' }, 1]);
  const failing = async () => Promise.reject(new Error('second'));
  expect(await using(reference())(fit({ ...recipe, onEvent, onError: failing }))()).toMatchObject({
    left: { where: 'fit.onError', actual: expect.stringMatching(/^Error: second/) },
  });
});
