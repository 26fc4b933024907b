/** `npm run example:swiss-roll -- [--steps N] [--seed N] [--out FOLDER]`: learns a distribution in the plane. */
import { parseArgs } from 'node:util';
import { either as E, function as F, readerTaskEither as RTE, taskEither as TE } from 'fp-ts';
import { wasm } from 'noisefold/backends/wasm';
import { cosine, ddpm } from 'noisefold/diffusion';
import { evaluate, failure, fork, key, type NoisefoldError, program, using } from 'noisefold/dsl';
import { encodePng, type Picture, writeAtomically } from 'noisefold/training';
import { swissRoll } from './data.js';
import { beside, density, ways } from './drawing.js';
import { energyDistance, type Points } from './energyDistance.js';
import { timesteps } from './network.js';
import { trajectories } from './sampling.js';
import { train } from './training.js';

const LIMIT = 1.5; // so much farther from real points may samples be than real points are from each other
const SIZE = 2000; // points in a set
const PAIRS = 32; // of sets, since the distance of two varies threefold
const SETS = 8; // of samples: each is in four pairs

const whole = (name: string, text: string, least: number): number => {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text)) && Number(text) >= least) return Number(text);
  throw new Error(`--${name} ${text}`);
};

const options = E.tryCatch(
  () => {
    const text = (otherwise: string) => ({ type: 'string', default: otherwise }) as const;
    const known = { steps: text('3000'), seed: text('7'), out: text('runs/swiss-roll') };
    const { steps, seed, out } = parseArgs({ options: known }).values;
    return { steps: whole('steps', steps, 1), seed: whole('seed', seed, 0), out };
  },
  (thrown): NoisefoldError =>
    failure('ConfigError', {
      where: 'command line',
      expected: '--steps (a whole number ≥ 1), --seed (one ≥ 0), --out (a folder)',
      actual: thrown instanceof Error ? thrown.message : String(thrown),
      hint: 'leave them out for 3000 steps, seed 7 and runs/swiss-roll',
    }),
);

const say = (text: string) => console.log(`${process.uptime().toFixed(1).padStart(5)} s  ${text}`);
const sayLoss = (step: number, loss: number) => say(`step ${step}, loss ${loss.toFixed(4)}`);
const save = (picture: Picture, path: string) =>
  F.pipe(encodePng(picture), TE.flatMap((png) => writeAtomically(path, png)), TE.tapIO(() => () => say(path))); // prettier-ignore
const setOf = (points: Points, i: number) => points.subarray(2 * SIZE * i, 2 * SIZE * (i + 1));
const meanOver = (n: number, f: (i: number) => number) =>
  Array.from({ length: n }, (_, i) => f(i)).reduce((a, b) => a + b) / n;

const result = await F.pipe(
  RTE.fromEither(options),
  RTE.bind('process', () => RTE.fromEither(ddpm(cosine(timesteps)))),
  RTE.let('keys', ({ seed }) => fork(key(seed), 'train', 'sample', 'real')),
  RTE.bind('params', ({ process, steps, keys }) => train(process, steps, keys.train, sayLoss)),
  RTE.bind('places', ({ process, params, keys }) => trajectories(process, params, SETS * SIZE, keys.sample)),
  RTE.bind('real', ({ keys }) => evaluate(program('key', swissRoll(2 * PAIRS * SIZE)), {})(keys.real)),
  using(wasm()),
  TE.let('samples', ({ places }) => places.at(-1)!), // there is the noise, at least
  TE.tap(({ real, samples, out }) => save(beside(density(real.subarray(0, samples.length)), density(samples)), `${out}/density.png`)), // prettier-ignore
  TE.tap(({ places, out }) => save(ways(places, 300), `${out}/trajectories.png`)),
  TE.let('drawn', ({ real, samples }) => meanOver(PAIRS, (i) => energyDistance(setOf(real, i), setOf(samples, i % SETS)))), // prettier-ignore
  TE.let('floor', ({ real }) =>
    meanOver(PAIRS, (i) => energyDistance(setOf(real, i), setOf(real, PAIRS + i))),
  ),
)();

if (E.isLeft(result)) console.error(`${result.left._tag}: ${result.left.message}`);
else {
  const { drawn, floor } = result.right;
  say(`energy distance (the root) of two sets of ${SIZE} points, mean of ${PAIRS} pairs:`);
  say(`${drawn.toFixed(5)} samples to real, ${floor.toFixed(5)} real to real, ratio ${(drawn / floor).toFixed(2)} (at most ${LIMIT}; of squares ${((drawn / floor) ** 2).toFixed(2)})`); // prettier-ignore
}
if (E.isLeft(result) || result.right.drawn / result.right.floor > LIMIT) process.exitCode = 1;
