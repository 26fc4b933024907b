import { either as E, function as F, readerTaskEither as RTE } from 'fp-ts';
import { wasm } from 'noisefold/backends/wasm';
import { evaluate, fork, key, type NoisefoldError, program, using } from 'noisefold/dsl';
import { expect, test } from 'vitest';
import { swissRoll } from './data.js';
import { drawing } from './drawing.js';
import { energyDistance } from './energyDistance.js';
import { NAMES, processes } from './processes.js';
import { trajectories } from './sampling.js';
import { train } from './training.js';

const right = <A>(result: E.Either<NoisefoldError, A>): A =>
  E.getOrElse((error: NoisefoldError): A => {
    throw new Error(error.message);
  })(result);

const POINTS = 500;

/** Trains for some steps, and returns the reported losses and the trajectories of 500 points. */
const run = async (steps: number, seed: number, name: (typeof NAMES)[number] = 'ddpm') => {
  const losses: (readonly [step: number, loss: number])[] = [];
  const keys = fork(key(seed), 'train', 'sample');
  const places = await F.pipe(
    RTE.fromEither(processes[name]),
    RTE.flatMap((process) =>
      F.pipe(
        train(process, steps, keys.train, (step, loss) => losses.push([step, loss])),
        RTE.flatMap((params) => trajectories(process, params, POINTS, keys.sample)),
      ),
    ),
    using(wasm()),
  )();
  return { losses, places: right(places) };
};

const real = async (count: number, seed: number) =>
  right(await using(wasm())(evaluate(program('key', swissRoll(count)), {})(key(seed)))());

test('the energy distance equals values computed by hand', () => {
  // (0, 0) and (3, 4) to (0, 0): E‖X - Y‖ = 5/2, E‖X - X'‖ = 10/4, E‖Y - Y'‖ = 0
  expect(energyDistance(Float32Array.of(0, 0, 3, 4))(Float32Array.of(0, 0))).toBe(2.5);
  // corners of a square and its centre: E‖X - Y‖ = √2, E‖X - X'‖ = (2 + 2 + 2√2)/4
  const corners = Float32Array.of(1, 1, 1, -1, -1, 1, -1, -1);
  const actual = energyDistance(corners)(Float32Array.of(0, 0));
  expect(actual).toBeCloseTo(2 * Math.SQRT2 - 1 - Math.SQRT1_2, 12);
  expect(energyDistance(corners)(corners)).toBeCloseTo(0, 12);
});

test('for two sets of n real points it is (2/n)·E‖X - X′‖ on average', async () => {
  const n = 200;
  const points = await real(40 * n, 5);
  const set = (i: number) => points.subarray(2 * n * i, 2 * n * (i + 1));
  const pairs = Array.from({ length: 20 }, (_, i) => energyDistance(set(2 * i))(set(2 * i + 1)));
  const apart = Array.from({ length: 20 * n }, (_, i) =>
    Math.hypot(points[4 * i]! - points[4 * i + 2]!, points[4 * i + 1]! - points[4 * i + 3]!),
  );
  const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b) / numbers.length;
  // one distance deviates by about half of the mean, the mean of twenty by a ninth
  expect(Math.abs(mean(pairs) / ((2 / n) * mean(apart)) - 1)).toBeLessThan(4 / 9);
});

test('points of the roll lie along its spiral, about the origin', async () => {
  const points = await real(2000, 6);
  const turns = Array.from({ length: 2001 }, (_, i) => Math.PI * (1.5 + (3 * i) / 2000));
  const arms = turns.map((a) => [(a * Math.cos(a)) / 7, (a * Math.sin(a)) / 7] as const);
  const middle = [0, 1].map((axis) => arms.reduce((sum, arm) => sum + arm[axis]!, 0) / arms.length);
  const squares = Array.from({ length: 2000 }, (_, i) => {
    const [x, y] = [points[2 * i]! + middle[0]!, points[2 * i + 1]! + middle[1]!];
    return Math.min(...arms.map((arm) => (arm[0] - x) ** 2 + (arm[1] - y) ** 2));
  });
  // the noise has deviation 0.07 along both axes; only the component across the spiral counts
  expect(Math.sqrt(squares.reduce((a, b) => a + b) / 2000) / 0.07).toBeCloseTo(1, 1);
});

// scripts/examples.mjs runs DDPM, and compares its samples with the data
test.each(NAMES.filter((name) => name !== 'ddpm'))('a short run brings noise nearer to the roll: %s', async (name) => {
  const { losses, places } = await run(480, 1, name);
  expect(losses.map(([step]) => step)).toEqual([60, 120, 180, 240, 300, 360, 420, 480]);
  expect(places.length).toBe(26);
  const distance = energyDistance(await real(POINTS, 3));
  expect(distance(places[25]!)).toBeLessThan(distance(places[0]!) / 2);
});

test('the same seed gives the same points and pictures', async () => {
  const [one, again, other] = [await run(40, 1), await run(40, 1), await run(40, 2)];
  expect(again.losses).toEqual(one.losses);
  expect(again.places[25]).toEqual(one.places[25]);
  expect(other.places[25]).not.toEqual(one.places[25]);
  const points = await real(POINTS, 3);
  const draw = ({ places }: typeof one) =>
    drawing({ data: points, samples: places.at(-1)!, places, caption: 'of 500' });
  expect(draw(again)).toBe(draw(one));
  expect(draw(other)).not.toBe(draw(one));
  expect(draw(one)).toContain('36 paths of 25 steps');
});
