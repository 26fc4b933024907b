/**
 * `npm run example:swiss-roll -- [--process ddpm|flow|edm] [--steps N] [--seed N] [--out FOLDER]`: learns a distribution in the
 * plane.
 */
import { parseArgs } from 'node:util';
import { either as E, function as F, readerTaskEither as RTE, taskEither as TE } from 'fp-ts';
import { wasm } from 'noisefold/backends/wasm';
import { evaluate, failure, fork, key, type NoisefoldError, program, using } from 'noisefold/dsl';
import { writeAtomically } from 'noisefold/training';
import { swissRoll } from './data.js';
import { drawing } from './drawing.js';
import { energyDistance, type Points } from './energyDistance.js';
import { NAMES, processes } from './processes.js';
import { trajectories } from './sampling.js';
import { train } from './training.js';

const LIMIT = 1.5; // the maximum of (distance of samples to data) / (distance of data to data)
const SIZE = 2000; // points in a set
const SETS = 16; // of samples
const PAIRS = 32; // pairs of sets, because a single distance deviates by half of the mean

const whole = (name: string, text: string, least: number): number => {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text)) && Number(text) >= least) return Number(text);
  throw new Error(`--${name} ${text}`);
};

const options = E.tryCatch(
  () => {
    const text = (otherwise: string) => ({ type: 'string', default: otherwise }) as const;
    const known = { process: text('ddpm'), steps: text('3000'), seed: text('7'), out: text('runs/swiss-roll') };
    const { process: asked, steps, seed, out } = parseArgs({ options: known }).values;
    const name = NAMES.find((each) => each === asked);
    if (name === undefined) throw new Error(`--process ${asked}`);
    return { name, steps: whole('steps', steps, 1), seed: whole('seed', seed, 0), out };
  },
  (thrown): NoisefoldError =>
    failure('ConfigError', {
      where: 'command line',
      expected: '--process (ddpm, flow or edm), --steps (a whole number ≥ 1), --seed (one ≥ 0), --out (a folder)',
      actual: thrown instanceof Error ? thrown.message : String(thrown),
      hint: 'leave them out for DDPM, 3000 steps, seed 7 and runs/swiss-roll',
    }),
);

const say = (text: string) => console.log(`${process.uptime().toFixed(1).padStart(5)} s  ${text}`);
const sayLoss = (step: number, loss: number) => say(`step ${step}, loss ${loss.toFixed(4)}`);
const setOf = (points: Points, i: number) => points.subarray(2 * SIZE * i, 2 * SIZE * (i + 1));

/** The mean distances of samples to data and of data to data, each over pairs with the same data. */
const meanDistances = (real: Points, samples: Points) => {
  const pairs = Array.from({ length: PAIRS }, (_, i) => {
    const distance = energyDistance(setOf(real, i));
    return { drawn: distance(setOf(samples, i % SETS)), floor: distance(setOf(real, PAIRS + i)) };
  });
  const mean = (of: 'drawn' | 'floor') => pairs.reduce((sum, pair) => sum + pair[of], 0) / PAIRS;
  return { drawn: mean('drawn'), floor: mean('floor') };
};

const result = await F.pipe(
  RTE.fromEither(options),
  RTE.bind('process', ({ name }) => RTE.fromEither(processes[name])),
  RTE.let('keys', ({ seed }) => fork(key(seed), 'train', 'sample', 'real')),
  RTE.bind('params', ({ process, steps, keys }) => train(process, steps, keys.train, sayLoss)),
  RTE.bind('places', ({ process, params, keys }) => trajectories(process, params, SETS * SIZE, keys.sample)),
  RTE.let('samples', ({ places }) => places.at(-1)!), // never empty, because it has the noise
  RTE.tapIO(({ samples }) => () => say(`${samples.length / 2} samples`)), // oxfmt-ignore
  RTE.bind('real', ({ keys }) => evaluate(program('key', swissRoll(2 * PAIRS * SIZE)), {})(keys.real)),
  RTE.let('distances', ({ real, samples }) => meanDistances(real, samples)),
  RTE.let('found', ({ distances: { drawn, floor } }) => `${drawn.toFixed(5)} samples to data, ${floor.toFixed(5)} data to data`), // oxfmt-ignore
  RTE.tap(({ places, samples, real, found, out }) => {
    const data = real.subarray(0, samples.length);
    const caption = `Energy distance of two sets of ${SIZE.toLocaleString('en')} points, the mean of ${PAIRS} pairs: ${found}`;
    const path = `${out}/swiss-roll.svg`;
    return F.pipe(
      writeAtomically(path, drawing({ data, samples, places, caption })),
      TE.tapIO(() => () => say(path)),
      RTE.fromTaskEither,
    );
  }),
  using(wasm()),
)();

if (E.isLeft(result)) {
  console.error(`${result.left._tag}: ${result.left.message}`);
  process.exitCode = 1;
} else {
  const { found, distances } = result.right;
  const ratio = distances.drawn / distances.floor;
  say(`energy distance 2·E‖X - Y‖ - E‖X - X'‖ - E‖Y - Y'‖ of sets of ${SIZE} points, mean of ${PAIRS} pairs:`);
  say(`${found}, ratio ${ratio.toFixed(2)} (at most ${LIMIT})`);
  if (!(ratio <= LIMIT)) process.exitCode = 1; // also for NaN
}
