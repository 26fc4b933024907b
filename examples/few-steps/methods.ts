/** Few-step methods on the swiss roll, in the plane, where each trains in seconds. */
import { type Noisefold, unwrap } from 'noisefold';
import {
  atTimes,
  consistency,
  consistencyDistillationLosses,
  consistencyLosses,
  continuousConsistencyDistillationLosses,
  ddim,
  doublingIntervals,
  ectPairs,
  edm,
  euler,
  type Grid,
  karrasPairs,
  logNormalTimes,
  meanFlowLosses,
  type Noising,
  type Objective,
  progressiveLosses,
  rectifiedFlow,
  type Solver,
  stratifiedTimes,
  type TimeDraw,
  trigonometric,
  uncorrected,
  uniformTimes,
} from 'noisefold/diffusion';
import { evaluate, fork, key, pipe, program, type RandomKey, type Read } from 'noisefold/dsl';
import { adam, chain, clipByGlobalNorm, cosineDecay, warmup } from 'noisefold/nn';
import {
  type Coupling,
  type Dataset,
  datasetOfImages,
  fit,
  optimalTransport,
  reflowPairs,
  sample,
  type StopSignal,
  type Trained,
} from 'noisefold/training';
import { swissRoll } from '../swiss-roll/data.js';
import { energyDistance } from '../swiss-roll/energyDistance.js';
import { models, type RollModel, type RollParams } from './rollNetwork.js';

/** The radius of the roll is below it, so that the coordinates are in [-1, 1]. */
const SCALE = 2.5;
const POINTS = 20_000;
const DRAWS = 2000;
const BATCH = 256;
/** The numbers of steps in which samples are drawn. */
const COUNTS = [1, 2, 4, 8] as const;

type RollTrained = Trained<RollParams, [1, 1, 2]>;

export interface MethodsWorld {
  readonly nf: Noisefold;
  /** The number of steps of a training. */
  readonly steps: number;
  readonly signal: StopSignal;
  readonly say: (line: string) => void;
}

/** The parts of a recipe that differ between trainings. */
interface Part {
  readonly model: RollModel;
  readonly noising?: Noising;
  readonly loss?: Objective;
  readonly times: TimeDraw;
  readonly initial?: RollTrained;
  readonly coupling?: Coupling;
  readonly data?: Dataset<[1, 1, 2]>;
}

/** Falling noise levels of a consistency function, by the number of steps. */
const LEVELS: Readonly<Record<number, readonly number[]>> = {
  1: [80],
  2: [80, 0.5],
  4: [80, 2, 0.5, 0.15],
  8: [80, 10, 4, 2, 1, 0.5, 0.25, 0.1],
};

/** Trains by each method, and returns the energy distances of samples to the data times 1000, by the number of steps. */
export const compareMethods = async ({
  nf,
  steps,
  signal,
  say,
}: MethodsWorld): Promise<Readonly<Record<string, readonly number[]>>> => {
  const keys = fork(key(7), 'data', 'real', 'fit', 'sample', 'pairs');
  const pointsOf = async (count: number, of: RandomKey): Promise<Read<'float32'>> =>
    nf.run(evaluate(program('key', swissRoll(count)), {})(of));
  const real = await pointsOf(DRAWS, keys.real);
  const scaled = Float32Array.from(await pointsOf(POINTS, keys.data), (x) => x / SCALE);
  const all = unwrap(datasetOfImages({ data: scaled, shape: [POINTS, 1, 1, 2] }, { image: [1, 1, 2] }));
  const distance = energyDistance(real);

  const trained = ({
    model,
    noising = rectifiedFlow(),
    loss,
    times,
    initial,
    coupling,
    data = all,
  }: Part): Promise<RollTrained> =>
    nf.run(
      fit({
        ...{ model, noising, times, data, steps, signal, batch: BATCH, key: keys.fit, averageDecay: 0.998 },
        optimizer: chain(clipByGlobalNorm(1), adam({ learningRate: pipe(initial ? 1e-3 : 4e-3, warmup(50), cosineDecay({ steps, floor: 0.01 })) })), // oxfmt-ignore
        ...(loss && { loss }),
        ...(initial && { initial }),
        ...(coupling && { coupling }),
      }),
    );
  const drawnBy = async (of: RollTrained, solver: Solver, grid: number | Grid): Promise<number> => {
    const { data } = await nf.run(
      sample(of, { solver, grid, count: DRAWS, correction: uncorrected, key: keys.sample, signal }),
    );
    return 1000 * distance(data.map((x) => x * SCALE));
  };
  const table: Record<string, readonly number[]> = {}; // filled row by row
  const row = async (name: string, draw: (count: number) => Promise<number>) => {
    const cells: number[] = [];
    for (const count of COUNTS) cells.push(await draw(count));
    table[name] = cells;
    say(`${name.padEnd(34)} ${cells.map((one) => one.toFixed(1).padStart(7)).join(' ')}`);
  };
  const flowing = (of: RollTrained) => (count: number) => drawnBy(of, euler(), count);
  const consistent = (of: RollTrained) => (count: number) => drawnBy(of, consistency(), atTimes(LEVELS[count]!));

  say(`other points of the roll: ${(1000 * distance(await pointsOf(DRAWS, keys.pairs))).toFixed(1)}`);
  const edmTimes = logNormalTimes({ mean: -1.2, deviation: 1.5 });
  const plain = await trained({ model: models.edm, noising: edm(), times: edmTimes });
  await row('EDM', (count) => drawnBy(plain, ddim(), count));
  const pairs = ectPairs({ steps, stages: 6 });
  const times = logNormalTimes({ mean: -0.8, deviation: 1.8 });
  await row(
    'ECT',
    consistent(
      await trained({ model: models.edm, noising: edm(), initial: plain, times, loss: consistencyLosses({ pairs }) }),
    ),
  );
  const ict = consistencyLosses({ pairs: karrasPairs({ intervals: doublingIntervals({ steps, to: 640 }) }) });
  await row('iCT', consistent(await trained({ model: models.edm, noising: edm(), times, loss: ict })));
  const cd = consistencyDistillationLosses({ teacher: plain, pairs: karrasPairs({ intervals: 40 }) });
  await row(
    'consistency distillation',
    consistent(await trained({ model: models.edm, noising: edm(), initial: plain, times, loss: cd })),
  );

  const turning = { model: models.flow, noising: trigonometric({ timeScale: 1 }), times };
  const turned = await trained(turning);
  const scd = continuousConsistencyDistillationLosses({ teacher: turned, warmup: Math.ceil(steps / 3) });
  const angles = (count: number): Grid => atTimes(LEVELS[count]!.map((sigma) => (2 / Math.PI) * Math.atan(sigma)));
  const student = await trained({ ...turning, initial: turned, loss: scd });
  await row('sCM, by distillation', (count) => drawnBy(student, consistency(), angles(count)));

  const flow = await trained({ model: models.flow, times: stratifiedTimes });
  await row('flow matching', flowing(flow));
  const students: Record<number, RollTrained> = {};
  let teacher = flow;
  for (const n of [32, 16, ...COUNTS.toReversed()]) {
    const loss = progressiveLosses({ teacher, steps: n });
    teacher = students[n] = await trained({ model: models.flow, initial: teacher, times: stratifiedTimes, loss });
  }
  await row('progressive distillation', (count) => drawnBy(students[count]!, ddim(), count));
  const reflow = await nf.run(reflowPairs(flow, { solver: euler(), grid: 50, count: POINTS, batch: 5000, key: keys.pairs, signal })); // oxfmt-ignore
  await row('reflow', flowing(await trained({ model: models.flow, initial: flow, times: stratifiedTimes, ...reflow })));
  const transported = await trained({ model: models.flow, times: stratifiedTimes, coupling: optimalTransport() });
  await row('minibatch optimal transport', flowing(transported));
  const mf = meanFlowLosses({ share: 0.75, p: 0 }); // in the plane without outliers, the squared error
  const mean = await trained({ model: models.mean, times: uniformTimes, loss: mf });
  await row('MeanFlow', flowing(mean));
  return table;
};
