/**
 * Further options of a recipe: gradient accumulation, several averages, groups of parameters; and resuming with them.
 */
import { describe, expect, test } from 'vitest';
import { onWasm, takeAll, bytesAfter } from '../../../properties/training/onWasm.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/index.js';
import { importanceTimesteps, labelOf, type Objective } from '../../diffusion/index.js';
import {
  add,
  type Backend,
  compile,
  foldIn,
  key,
  mean,
  meanPerSample,
  mul,
  type NoisefoldError,
  type Shape,
  square,
  sub,
  type Tensor,
  using,
  zerosLike,
} from '../../dsl/index.js';
import { plan } from '../../dsl/compile/planning.js';
import { failure } from '../../internal/errors.js';
import { TE, type taskEither } from '../../internal/fp.js';
import {
  adam,
  adamw,
  allOnes,
  allZeros,
  cosineDecay,
  emaConstant,
  emaPower,
  groups,
  layer,
  muon,
  parameter,
  sgd,
  warmup,
} from '../../nn/index.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../checkpoints/checkpoint.js';
import { readTensors, type Snapshot } from '../../checkpoints/snapshot.js';
import type { Batch } from '../../data/dataset.js';
import { bars, leftOf, plainModel, type PlainTraining, plainTraining, right } from '../testing.js';
import { startTraining } from './run.js';
import { initialState, trainStep } from './trainState.js';

const IMAGE = [8, 8, 1] as const;

const affine = layer(
  { a: parameter(allOnes), b: parameter(allZeros, 8) },
  ({ a, b }) =>
    <S extends Shape>(x: Tensor<S>) =>
      add(mul(x, a), mean(b)),
);
/** A training of nine parameters, which compiles quickly. The types of the parameters do not matter here. */
const tiny = (steps: number): PlainTraining => {
  const { model: _, ...rest } = plainTraining(steps);
  const model = { ...affine, predicts: 'v', apply: (p: never, x: Tensor<Shape>) => affine.apply(p)(x) };
  return { ...rest, model, conditionDropout: 0 } as unknown as PlainTraining;
};

/** The snapshots of a run: before the first step, and after each step. */
const snapshotsOf = async (training: PlainTraining, backend: Backend): Promise<readonly Snapshot[]> => {
  const run = right(await startTraining(training)(backend)());
  const taken = [right(await run.snapshot())];
  for await (const event of run.events) {
    expect(event).toMatchObject({ _tag: 'Right' });
    taken.push(right(await run.snapshot()));
  }
  right(await run.release());
  return taken;
};
const numbersAt = ({ tensors }: Snapshot, prefix: string): readonly number[] =>
  [...tensors].flatMap(([path, { data }]) => (path.startsWith(`${prefix}.`) ? Array.from(data, Number) : []));
const norm = (xs: readonly number[]): number => Math.hypot(...xs);
const distance = (a: readonly number[], b: readonly number[]): number => norm(a.map((x, i) => x - b[i]!)) / norm(b);
const on = async <A>(
  acquire: taskEither.TaskEither<NoisefoldError, Backend>,
  f: (backend: Backend) => Promise<A>,
): Promise<A> => right(await using(acquire)((backend) => TE.fromTask(() => f(backend)))());

describe('a gradient that is accumulated', () => {
  /** The change of the parameters in one step of gradient descent with learning rate 1: the negative gradient. */
  const gradientOf = (change: Partial<PlainTraining>, from: number, batch: number, noise: ReturnType<typeof key>, backend: Backend) =>
    stepped({ ...tiny(0), optimizer: sgd({ learningRate: 1 }), ...change }, from, batch, noise, backend);
  const stepped = async (training: PlainTraining, from: number, batch: number, noise: ReturnType<typeof key>, backend: Backend) => {
    const init = right(await compile(initialState(training), {})(backend)());
    const step = right(await compile(trainStep(training, IMAGE), { B: batch })(backend)());
    const state = right(await init.run({ key: key(3) })());
    const { images, labels } = right(await bars(60).batch(Int32Array.from({ length: batch }, (_, i) => 7 * (from + i)))());
    const result = right(await step.run({ state, examples: { x0: images, conditions: training.model.conditions === undefined ? {} : { label: labels }, key: noise } as never })());
    const before = right(await readTensors(state)(backend)());
    const after = right(await readTensors(result.state)(backend)());
    const report = right(await readTensors(result.report)(backend)());
    const moved = [...before].flatMap(([path, { data }]) => path.startsWith('params') ? Array.from(data, Number).map((x, i) => Number(after.get(path)!.data[i]) - x) : []);
    return { moved, loss: Number(report.get('loss')!.data[0]), state: after };
  };

  test.each([2, 3])('in %i parts is the mean of the gradients of the parts, each with the noise of its folded key', (accumulate) =>
    on(reference(), async (backend) => {
      const size = 6 / accumulate;
      const whole = await gradientOf({ accumulate }, 0, 6, key(9), backend);
      const parts: { readonly moved: readonly number[]; readonly loss: number }[] = [];
      for (let i = 0; i < accumulate; i++) parts.push(await gradientOf({}, i * size, size, foldIn(key(9), i), backend));
      const mean = whole.moved.map((_, j) => parts.reduce((sum, { moved }) => sum + moved[j]!, 0) / accumulate);
      // float64, but sums in another order
      expect(distance(whole.moved, mean)).toBeLessThan(1e-12);
      expect(whole.loss).toBeCloseTo(parts.reduce((sum, { loss }) => sum + loss, 0) / accumulate, 12);
    }));

  test.each([['reference', reference(), 1e-12], ['wasm', wasm(), 1e-4]] as const)('equals that of the whole batch if nothing is random: %s', (_, acquire, tolerance) =>
    on(acquire, async (backend) => {
      const loss: Objective = (_noising, { apply }) => (params, { x0, conditions }) => {
        const t = zerosLike(labelOf({ conditions })!);
        return { losses: meanPerSample(square(sub(apply(params, x0, { t, conditions } as never), x0))), t };
      };
      const { model } = plainTraining(0);
      const whole = await gradientOf({ model, loss }, 0, 4, key(9), backend);
      const parts = await gradientOf({ model, loss, accumulate: 2 }, 0, 4, key(8), backend);
      expect(distance(parts.moved, whole.moved)).toBeLessThan(tolerance);
    }));

  test('needs the memory of one part and one more gradient', () =>
    onWasm(async (backend) => {
      const training = { ...plainTraining(0), model: plainModel(16) };
      const arenaOf = (batch: number, accumulate: number): number =>
        right(plan(trainStep({ ...training, accumulate }, IMAGE), { B: batch } as never, backend.capabilities, ['state'] as never)).plan.arenaElements;
      const parameters = training.model.params.leaves.reduce((sum, { shape }) => sum + (shape as readonly number[]).reduce((a, b) => a * b, 1), 0);
      const [one, two, three, whole] = [arenaOf(8, 1), arenaOf(16, 2), arenaOf(24, 3), arenaOf(24, 1)];
      expect(two).toBeLessThan(one + 2 * parameters);
      expect(three).toBeLessThan(1.05 * two);
      expect(whole).toBeGreaterThan(2 * three);
    }));

  test('is suggested where only parts of the batch fit in memory', () =>
    onWasm(async (backend) => {
      const arenas: number[] = [];
      // a backend with memory for plans of at most `limit` elements
      const limited = (limit: number): Backend => ({
        ...backend,
        compile: (program) => {
          arenas.push(program.arenaElements);
          if (program.arenaElements <= limit) return backend.compile(program);
          return TE.left(failure('BackendFailure', { where: 'wasm', expected: '1.0 MiB of free memory', actual: 'not enough', hint: 'wait' }));
        },
      });
      const training = { ...plainTraining(1), batch: 6, model: plainModel(16) };
      const run = right(await startTraining({ ...training, accumulate: 2 })(limited(Infinity))());
      right(await run.release());
      const error = await leftOf(startTraining(training)(limited(Math.max(...arenas))));
      expect(error.message).toBe('training.batch: expected at most 3 images at a time, got 6, which need 1.0 MiB of free memory; give accumulate: 2 to process the batch of 6 in 2 parts, with its gradient, or batch: 3');
      expect(await leftOf(startTraining(training)(limited(0)))).toMatchObject({ where: 'wasm' });
    }));

  test('updates an adaptive draw of times with the whole batch', () =>
    on(reference(), async (backend) => {
      const { state } = await gradientOf({ accumulate: 2, times: importanceTimesteps({ size: 4 }) }, 0, 6, key(9), backend);
      expect(Array.from(state.get('times.seen')!.data, Number).reduce((a, b) => a + b)).toBe(6);
    }));

  test('resumes to the same bytes, and requires parts that divide the batch', async () => {
    const training = (steps: number): PlainTraining => ({ ...tiny(steps), accumulate: 3 });
    const from = right(decodeCheckpoint('part')(await bytesAfter(training(2))));
    expect(from.step).toBe(2);
    expect(Buffer.compare(await bytesAfter({ ...training(4), from }), await bytesAfter(training(4)))).toBe(0);
    const error = await onWasm((backend) => leftOf(startTraining({ ...tiny(1), accumulate: 4 })(backend)));
    expect(error.message).toBe('training.accumulate: expected a number of parts that divides the batch, 6, got 4; `batch` counts the images of all parts together');
  });
}); // oxfmt-ignore

describe('several averages', () => {
  const averageDecay = [0.9, emaPower(0.1), emaConstant(0.5)] as const;
  const training = (steps: number): PlainTraining => ({ ...tiny(steps), averageDecay });

  test('each follow the parameters at their own pace', () =>
    on(reference(), async (backend) => {
      const snapshots = await snapshotsOf(training(5), backend);
      const shares = [
        (n: number) => 1 - Math.min(0.9, (1 + n) / (10 + n)),
        (n: number) => 1 - (1 - 1 / (n + 1)) ** (6.9373 + 1), // γ of the width 0.1
        () => 0.5,
      ];
      for (const [i, name] of ['average', 'averages.1', 'averages.2'].entries()) {
        let expected = numbersAt(snapshots[0]!, 'params');
        expect(numbersAt(snapshots[0]!, name)).toEqual(expected);
        for (const [n, snapshot] of snapshots.slice(1).entries()) {
          const params = numbersAt(snapshot, 'params');
          expected = expected.map((a, j) => a + shares[i]!(n) * (params[j]! - a));
          expect(distance(numbersAt(snapshot, name), expected)).toBeLessThan(1e-6); // γ is rounded here
        }
      }
    }));

  test('do not change the first average, bit for bit, and resume to the same bytes', () =>
    onWasm(async (backend) => {
      const [alone, first] = [(await snapshotsOf({ ...tiny(4), averageDecay: 0.9 }, backend)).at(-1)!, (await snapshotsOf(training(4), backend)).at(-1)!];
      expect(numbersAt(first, 'average')).toEqual(numbersAt(alone, 'average'));
      expect([...alone.tensors.keys()].filter((path) => path.startsWith('averages'))).toEqual([]);
      const from = right(decodeCheckpoint('part')(await bytesAfter(training(2))));
      expect(from.step).toBe(2);
      expect(Buffer.compare(await bytesAfter({ ...training(4), from }), right(encodeCheckpoint(first)))).toBe(0);
    }));
}); // oxfmt-ignore

describe('groups of parameters', () => {
  const optimizer = groups([
    { where: (path, shape) => shape.length === 4 && !/^(input|output)/.test(path), optimizer: muon({ learningRate: 0.02 }) },
    { where: (_, shape) => shape.length === 1, optimizer: adam({ learningRate: 3e-3 }) },
    { optimizer: adamw({ learningRate: cosineDecay(warmup(3e-3, 5), { steps: 100 }), weightDecay: 0.1 }) },
  ]); // oxfmt-ignore
  const training = (steps: number): PlainTraining => ({ ...plainTraining(steps), optimizer });

  test('train, and resume to the same bytes; a checkpoint has the moments of each', () =>
    onWasm(async (backend) => {
      const run = right(await startTraining({ ...training(60), averageDecay: 0, heldOut: { data: bars(24), every: 60, images: 24 } })(backend)());
      const { events } = await takeAll(run);
      const losses = events.flatMap((e) => (e._tag === 'HeldOut' ? [e.loss] : []));
      expect(losses[1]!).toBeLessThan(0.7 * losses[0]!);
      const snapshot = right(await run.snapshot());
      const { tensors } = snapshot;
      for (const { path, shape } of plainTraining(0).model.params.leaves) {
        const isMuons = shape.length === 4 && !/^(input|output)/.test(path);
        expect([tensors.has(`optimizer.momentum.${path}`), tensors.has(`optimizer.first.${path}`)], path).toEqual([isMuons, !isMuons]);
      }
      // the tree returned by the run is that of the snapshot, although vectors are laid out by group
      const params = right(await readTensors(right(await run.finish()))(backend)());
      for (const [path, { data }] of params) expect(data).toEqual(tensors.get(`average.${path}`)!.data);
      const from = right(decodeCheckpoint('part')(await bytesAfter(training(2))));
      expect(from.step).toBe(2);
      expect(Buffer.compare(await bytesAfter({ ...training(4), from }), await bytesAfter(training(4)))).toBe(0);
    }));

  test('that leave a parameter out are refused before anything runs, naming its path', () =>
    onWasm(async (backend) => {
      const some = groups([{ where: (_, shape) => shape.length === 4, optimizer: muon({ learningRate: 0.02 }) }]);
      const error = await leftOf(startTraining({ ...plainTraining(1), optimizer: some })(backend));
      expect(error).toMatchObject({ _tag: 'ConfigError', where: expect.stringMatching(/^groups: \w+/), actual: 'none' });
    }));
}); // oxfmt-ignore

describe('settings that changed', () => {
  const training = (change: Partial<PlainTraining> = {}): PlainTraining => ({ ...tiny(0), optimizer: adam({ learningRate: 1e-3 }), ...change });
  const changes: readonly (readonly [Partial<PlainTraining>, string])[] = [
    [{ optimizer: adam({ learningRate: 2e-3 }) }, 'optimizer.adam.learningRate'],
    [{ optimizer: adam({ learningRate: warmup(1e-3, 5) }) }, 'optimizer.adam.learningRate'],
    [{ optimizer: adam({ learningRate: 1e-3, beta1: 0.8 }) }, 'optimizer.adam.beta1'],
    [{ optimizer: adam({ learningRate: 1e-3, epsilon: 1e-6 }) }, 'optimizer.adam.epsilon'],
    [{ averageDecay: 0.9 }, 'averages'],
    [{ accumulate: 2 }, 'accumulate'],
    [{ data: bars(57) }, 'data.size'],
    [{ data: darker() }, 'data.images'],
  ];
  function darker(): PlainTraining['data'] {
    const { batch, ...data } = bars(60);
    return { ...data, batch: (positions) => TE.map((actual: Batch) => ({ ...actual, images: actual.images.map((x) => x / 2) }))(batch(positions)) };
  }

  test.each(changes)('%#: are refused on resuming, with a hint, even if the configuration is the same', (change, field) =>
    onWasm(async (backend) => {
      const [from] = await snapshotsOf(training(), backend);
      const resumed = { ...training(change), from: right(decodeCheckpoint('c')(right(encodeCheckpoint(from!)))) };
      expect(await leftOf(startTraining(resumed)(backend))).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: `checkpoint of step 0: settings.${field}`,
        hint: 'resume with the configuration that the run began with, or allow another with `allowOtherSettings: true`',
      });
      const [accepted] = await snapshotsOf({ ...resumed, allowOtherSettings: true }, backend);
      expect(accepted!.settings).not.toEqual(from!.settings);
      expect(numbersAt(accepted!, 'params')).toEqual(numbersAt(from!, 'params'));
    }));

  test('are not compared with an older snapshot without settings, which resumes', () =>
    onWasm(async (backend) => {
      const { config: _, ...plain } = training();
      const [{ settings, ...old }] = (await snapshotsOf(plain as PlainTraining, backend)) as [Snapshot];
      expect(settings).toBeDefined();
      right(await right(await startTraining({ ...(plain as PlainTraining), from: old })(backend)()).release());
    }));

  test('that are not JSON are refused at the start', () =>
    onWasm(async (backend) => {
      const optimizer = { ...adam({ learningRate: 1e-3 }), settings: { mine: Number.NaN } };
      expect(await leftOf(startTraining(training({ optimizer }))(backend))).toMatchObject({ _tag: 'ConfigError', where: 'training: settings.optimizer.mine' });
    }));
}); // oxfmt-ignore
