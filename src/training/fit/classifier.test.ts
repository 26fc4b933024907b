/** Classifiers of noised images: training by `fit`, guidance in `sample`, and files. */
import { wholeTimesteps } from '../../diffusion/paths/discretePath.js';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type Classifier,
  classifierGuided,
  classifierLosses,
  type ClassifierObjective,
  cosine,
  ddim,
  ddpm,
  type Guidance,
  importanceTimesteps,
  linear,
  superResolution,
} from '../../diffusion/index.js';
import { type Backend, gather, key, mul, type NoisefoldError, onesLike, scaleBy, table } from '../../dsl/index.js';
import { E, type readerTaskEither } from '../../internal/fp.js';
import { encoderClassifier } from '../../nn/index.js';
import { bytesAfter, onWasm, takeAll } from '../../../properties/training/onWasm.js';
import { decodeCheckpoint } from '../../checkpoints/checkpoint.js';
import { fitInFolder } from './fitInFolder.js';
import { readTensors } from '../../checkpoints/snapshot.js';
import { loadClassifier, loadTrained, saveTrained } from '../../checkpoints/trainedFiles.js';
import { decodeMetricsLog } from '../../reports/metrics.js';
import { sample } from '../sample/sample.js';
import type { TrainedClassifier } from '../../checkpoints/trained.js';
import { bars, classifierTraining, leftOf, right, plainTraining, smallClassifier, smallTraining } from '../testing.js';
import { fit } from './fit.js';
import { startTraining } from './run.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-classifier-`);
afterAll(() => rmSync(folder, { recursive: true }));

/** A batch without labels. */
const unlabelled = (positions: Int32Array) => async () => E.right({ images: new Float32Array(positions.length * 64) });

/** A loss without the accuracy. */
const simplest: ClassifierObjective = (noising, classifier, options) => {
  const losses = classifierLosses(noising, classifier, options);
  return (...args) => {
    const { accuracy: _, ...others } = losses(...args);
    return others as never;
  };
};

const messageOf = async (
  effect: readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, unknown>,
): Promise<string> => {
  const { _tag: tag, message } = await leftOf(async () => onWasm((backend) => effect(backend)()));
  return `${tag}: ${message}`;
};

describe('a classifier that is trained by fit', () => {
  test('learns the classes of noised images: its loss falls, its accuracy rises, in steps and on held-out images', () =>
    onWasm(async (backend) => {
      const training = {
        ...classifierTraining(150),
        averageDecay: 0.9,
        heldOut: { data: bars(24), every: 75, images: 24 },
      };
      const { events, error } = await takeAll(right(await startTraining(training)(backend)()));
      expect(error).toBeNull();
      const measured = events.flatMap((event) => (event._tag === 'HeldOut' ? [event] : []));
      expect(measured[0]!.loss).toBeGreaterThan(0.9); // ln 3 for uniform predictions
      expect(measured[2]!.loss).toBeLessThan(0.7);
      expect(measured[2]!.accuracy!).toBeGreaterThan(0.6);
      const steps = events.flatMap((event) => (event._tag === 'Step' ? [event.accuracy!] : []));
      expect(steps.every((share) => Math.abs(6 * share - Math.round(6 * share)) < 1e-5)).toBe(true);
      const mean = (some: readonly number[]) => some.reduce((a, b) => a + b, 0) / some.length;
      expect(mean(steps.slice(-50))).toBeGreaterThan(mean(steps.slice(0, 20)) + 0.1);
    }));

  test('resumes from the bytes of a checkpoint and ends with the same bytes, with averages, accumulation and adaptive times', async () => {
    const training = (steps: number) => ({
      ...classifierTraining(steps),
      averageDecay: [0.9, 0.99] as const,
      accumulate: 2,
      times: importanceTimesteps({ size: 2 }),
    });
    const whole = await bytesAfter(training(6));
    const from = right(decodeCheckpoint('part')(await bytesAfter(training(3))));
    expect(from.step).toBe(3);
    expect(from.config).toMatchObject({
      predicts: 'class',
      conditions: { label: { classes: 3 } },
      loss: 'classifierLosses',
    });
    expect(Buffer.compare(await bytesAfter({ ...training(6), from }), whole)).toBe(0);
  });

  test('keeps its state in a run folder, and its accuracy in the log', () =>
    onWasm(async (backend) => {
      const path = `${folder}/run`;
      const training = { ...classifierTraining(4), heldOut: { data: bars(6), every: 2 } };
      right(await fitInFolder(path, training, { every: 2 })(backend)());
      const log = right(decodeMetricsLog('log')(readFileSync(`${path}/metrics.jsonl`, 'utf8')));
      expect(log.map(({ accuracy }) => typeof accuracy)).toEqual(Array(4).fill('number'));
      expect(log.map(({ heldOutAccuracy }) => typeof heldOutAccuracy)).toEqual(['undefined', 'number', 'undefined', 'number']); // oxfmt-ignore
      const loaded = right(await loadClassifier(`${path}/checkpoint.safetensors`, { model: smallClassifier, noising: training.noising })(backend)()); // oxfmt-ignore
      expect(loaded.image).toEqual([8, 8, 1]);
    }));

  test('frees all memory except the parameters', () =>
    onWasm(async (backend) => {
      right(await fit(classifierTraining(1))(backend)());
      expect(backend.stats().buffers).toBe(smallClassifier.params.leaves.length);
    }));

  test('accepts a custom loss, which may weight the cross entropy', () =>
    onWasm(async (backend) => {
      const weights = table(Float32Array.from({ length: 100 }, () => 3));
      const threefold: ClassifierObjective = (noising, classifier, options) => {
        const losses = classifierLosses(noising, classifier, options);
        return (...args) => {
          const drawn = losses(...args);
          return { ...drawn, losses: scaleBy(drawn.losses, gather(weights, wholeTimesteps(drawn.t))) };
        };
      };
      const lossOf = async (loss: ClassifierObjective) => {
        const { events } = await takeAll(right(await startTraining({ ...classifierTraining(1), loss })(backend)()));
        const [step] = events;
        return step!._tag === 'Step' ? step!.loss : Number.NaN;
      };
      expect(await lossOf(threefold)).toBeCloseTo(3 * (await lossOf(classifierLosses)), 5);
    }));
});

describe('a trained classifier as a guide', () => {
  const samplesOf = (labels: readonly number[]) => ({ solver: ddim(), grid: 4, key: key(3), labels });

  test('is passed to sample directly, and guides samples in the same way as its parameters', () =>
    onWasm(async (backend) => {
      const judge = right(await fit({ ...classifierTraining(60), averageDecay: 0.9 })(backend)());
      const trained = right(await fit(plainTraining(1))(backend)());
      const { model } = judge;
      const draw = async (scale: number, guide: typeof judge | typeof judge.params) => {
        const guidance = classifierGuided(model, scale);
        return right(await sample({ ...samplesOf([0, 1, 2]), guidance, guide })(trained)(backend)()).data;
      };
      const guided = await draw(2, judge);
      expect(guided).toEqual(await draw(2, judge.params));
      expect(guided).not.toEqual(await draw(0, judge));
    }));

  test('is a ConfigError without its parameters, and so is the result of fit in place of its model', () =>
    onWasm(async (backend) => {
      const judge = right(await fit(classifierTraining(0))(backend)());
      const trained = right(await fit(plainTraining(0))(backend)());
      const draw = (guidance: Guidance<never, never>, guide: unknown) =>
        sample({ ...samplesOf([0]), guidance, guide } as never)(trained);
      expect(await messageOf(draw(classifierGuided(judge.model, 1) as never, judge.model))).toBe(
        'ConfigError: sample: guide: expected a trained classifier, or parameters, got a model alone; give the result of fit',
      );
      expect(await messageOf(draw(classifierGuided(judge as never, 1) as never, judge))).toMatch(
        /^ConfigError: classifierGuided: .*, got an object; .*: of a trained classifier its model/,
      );
    }));

  test('that was trained at other noise levels or on other images is a ConfigError', () =>
    onWasm(async (backend) => {
      const judge = right(await fit(classifierTraining(0))(backend)());
      const trained = right(await fit(plainTraining(0))(backend)());
      const guidance = classifierGuided(judge.model, 1);
      const draw = (guide: typeof judge) => sample({ ...samplesOf([0]), guidance, guide })(trained);
      const others = right(ddpm(linear(100)));
      expect(await messageOf(draw({ ...judge, noising: others }))).toBe(
        'ConfigError: sample: guide: expected a classifier that was trained with the process of the model, got a process with another noise level at t = 0, or without this timestep; give `fit` the same `noising` for both',
      );
      expect(await messageOf(draw({ ...judge, noising: right(ddpm(cosine(50))) }))).toContain('t = 0');
      expect(await messageOf(draw({ ...judge, image: [8, 4, 1] as never }))).toBe(
        'ConfigError: sample: guide: expected a classifier of images [8, 8, 1], got one of [8, 4, 1]; train both on the same images',
      );
    }));
});

describe('the names of the classes of a trained classifier', () => {
  const named = (...classes: string[]) => ({ data: { ...bars(24), names: { label: classes } } });
  const drawn = <Q>(backend: Backend, trained: Named, judge: TrainedClassifier<Q, [8, 8, 1]>) => {
    const guided = { guidance: classifierGuided(judge.model, 2), guide: judge };
    return (labels: readonly (number | string)[]) =>
      sample(trained as never, { solver: ddim(), grid: 4, key: key(3), labels, ...guided } as never)(backend);
  };
  type Named = { readonly names?: object };

  test('serve as labels of a model that it guides, if the model has none', () =>
    onWasm(async (backend) => {
      const judge = right(await fit({ ...classifierTraining(5), ...named('a', 'b', 'c') })(backend)());
      const { conditions: _, ...model } = smallTraining(0).model;
      const trained = right(await fit({ ...smallTraining(0), model, conditionDropout: 0 })(backend)());
      expect('names' in trained).toBe(false);
      const draw = drawn(backend, trained, judge);
      expect(right(await draw(['c', 'a'])())).toEqual(right(await draw([2, 0])()));
    }));

  test('in another order than those of the model are a ConfigError: the guide would steer to other classes', () =>
    onWasm(async (backend) => {
      const trained = right(await fit({ ...plainTraining(0), ...named('a', 'b', 'c') })(backend)());
      const guide = (...classes: string[]) => fit({ ...classifierTraining(0), ...named(...classes) })(backend)();
      const other = drawn(backend, trained, right(await guide('a', 'c', 'b')));
      expect((await leftOf(other([0]))).message).toBe(
        'sample: guide.names.label: expected the classes of the training in their order: a, b, c, got "c" for the class 1; train both with the same `names` of the data',
      );
      right(await drawn(backend, trained, right(await guide('a', 'b', 'c')))(['b'])());
    }));
});

describe('a trained classifier in a file', () => {
  test('is saved and loaded bit for bit, and guides as before', () =>
    onWasm(async (backend) => {
      const path = `${folder}/judge.safetensors`;
      const judge = right(await fit(classifierTraining(3))(backend)());
      right(await saveTrained(path, judge, { name: 'bars' })(backend)());
      const loaded = right(await loadClassifier(path, { model: smallClassifier, name: 'bars' })(backend)());
      expect(right(await readTensors(loaded.params)(backend)())).toEqual(right(await readTensors(judge.params)(backend)()));
      expect(loaded).toMatchObject({ noising: judge.noising, image: [8, 8, 1] });
      expect('conditionDropout' in loaded).toBe(false);
      expect(await messageOf(loadTrained(path, { model: smallClassifier as never, name: 'bars' }))).toBe(
        'ConfigError: loadTrained.model: expected a model, with its predicts, got an object; change model',
      );
      const other = { ...smallClassifier, classes: 4 };
      expect(await messageOf(loadClassifier(path, { model: other, name: 'bars' }))).toContain(
        'judge.safetensors: model.classes: expected 4, got 3',
      );
    })); // oxfmt-ignore

  test('needs no model if it is built in, also with dropout', () =>
    onWasm(async (backend) => {
      const path = `${folder}/adm.safetensors`;
      const config = { image: [8, 8, 1], base: 8, multipliers: [1, 2], blocks: 1, groups: 4, classes: 3, timesteps: 100 } as const; // oxfmt-ignore
      const model = right(encoderClassifier({ ...config, resample: 'residual', dropout: 0.5 }));
      const training = { ...classifierTraining(2), model, heldOut: { data: bars(6), every: 1 } };
      const judge = right(await fit(training)(backend)());
      right(await saveTrained(path, judge)(backend)());
      const loaded = right(await loadClassifier(path)(backend)());
      expect(loaded.model).toMatchObject({ config: model.config, classes: 3 });
      expect(right(await readTensors(loaded.params)(backend)())).toEqual(right(await readTensors(judge.params)(backend)()));
    })); // oxfmt-ignore

  test('and a file of a denoiser are distinguished', () =>
    onWasm(async (backend) => {
      const path = `${folder}/denoiser.safetensors`;
      right(await saveTrained(path, right(await fit(smallTraining(0))(backend)()))(backend)());
      expect(await messageOf(loadClassifier(path))).toBe(
        `ConfigError: ${path}: model: expected a classifier, got a denoiser; read it by loadTrained`,
      );
    }));
});

describe('a training of a classifier refuses', () => {
  const training = classifierTraining(1);
  const { model } = training;
  const pictures: Classifier<unknown, [8, 8, 1]>['apply'] = (_, x) => mul(onesLike(x), 1) as never;
  test.each<[string, object, string]>([
    ['to drop labels', { conditionDropout: 0.1 }, 'ConfigError: training.conditionDropout: expected no such field: it is for denoisers, and the model is a classifier, got a value; leave it out: a classifier is trained on the class of each image'],
    ['a condition', { conditions: { small: superResolution({ factor: 2 }) } }, 'ConfigError: training.conditions: expected no such field'],
    ['a network without its parts', { model: { classes: 3, apply: model.apply } }, 'ConfigError: fit.model: expected a classifier, with its params, init, got an object'],
    ['a denoiser in its place', { model: { ...model, apply: pictures } }, 'ConfigError: classifier: expected a logit for each class, [6, 3], got [6, 8, 8, 1]; give a classifier as many outputs as `classes`; a denoiser has a field `predicts`'],
    ['another number of logits than classes', { model: { ...model, classes: 4 } }, 'ConfigError: classifier: expected a logit for each class, [6, 4], got [6, 3]'],
    ['data without labels', { data: { ...training.data, batch: unlabelled } }, 'conditions.label: expected a value of each image: the model is conditioned on label, got none: the data has no conditions; give `labels` to the data'],
    ['labels without a class', { model: { ...model, classes: 2 } }, 'data set: label at 2: expected a class of the model, 0 to 1, got 2'],
    ['a loss without an accuracy, if images are held out', { loss: simplest, heldOut: { data: bars(6), every: 1 } }, 'ConfigError: training.loss: expected a loss that returns accuracy beside losses and t: the model is a classifier, got losses, t'],
  ])('%s', async (_, change, message) =>
    expect(await messageOf(fit({ ...training, ...change } as typeof training))).toContain(message)); // oxfmt-ignore
});
