import { either as E, function as F, readerTaskEither as RTE } from 'fp-ts';
import { wasm } from 'noisefold/backends/wasm';
import { cosine, ddpm } from 'noisefold/diffusion';
import { evaluate, fork, key, type NoisefoldError, program, using } from 'noisefold/dsl';
import { expect, test } from 'vitest';
import { swissRoll } from './data.js';
import { beside, density, ways } from './drawing.js';
import { energyDistance } from './energyDistance.js';
import { timesteps } from './network.js';
import { trajectories } from './sampling.js';
import { train } from './training.js';

const right = <A>(result: E.Either<NoisefoldError, A>): A =>
  E.getOrElse((error: NoisefoldError): A => {
    throw new Error(error.message);
  })(result);

/** Trains for some steps, and gives the losses told on the way and the trajectories of 400 points. */
const run = async (steps: number, seed: number) => {
  const losses: (readonly [step: number, loss: number])[] = [];
  const keys = fork(key(seed), 'train', 'sample');
  const places = await F.pipe(
    RTE.fromEither(ddpm(cosine(timesteps))),
    RTE.flatMap((process) =>
      F.pipe(
        train(process, steps, keys.train, (step, loss) => losses.push([step, loss])),
        RTE.flatMap((params) => trajectories(process, params, 400, keys.sample)),
      ),
    ),
    using(wasm()),
  )();
  return { losses, places: right(places) };
};

const real = async (count: number, seed: number) =>
  right(await using(wasm())(evaluate(program('key', swissRoll(count)), {})(key(seed)))());

test('the energy distance is what a hand finds', () => {
  // (0, 0) and (3, 4) to (0, 0): E‖X - Y‖ = 5/2, E‖X - X'‖ = 10/4, E‖Y - Y'‖ = 0
  expect(energyDistance(Float32Array.of(0, 0, 3, 4), Float32Array.of(0, 0))).toBe(Math.sqrt(2.5));
  // corners of a square and its centre: E‖X - Y‖ = √2, E‖X - X'‖ = (2 + 2 + 2√2)/4
  const corners = Float32Array.of(1, 1, 1, -1, -1, 1, -1, -1);
  expect(energyDistance(corners, Float32Array.of(0, 0))).toBeCloseTo(
    Math.sqrt(2 * Math.SQRT2 - 1 - Math.SQRT1_2),
    12,
  );
  expect(energyDistance(corners, corners)).toBe(0);
});

test('the square for two sets of n real points is (2/n)·E‖X - X′‖ on average', async () => {
  const n = 200;
  const points = await real(40 * n, 5);
  const set = (i: number) => points.subarray(2 * n * i, 2 * n * (i + 1));
  const pairs = Array.from({ length: 20 }, (_, i) => energyDistance(set(2 * i), set(2 * i + 1)) ** 2);
  const apart = Array.from({ length: 20 * n }, (_, i) =>
    Math.hypot(points[4 * i]! - points[4 * i + 2]!, points[4 * i + 1]! - points[4 * i + 3]!),
  );
  const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b) / numbers.length;
  // a square deviates by about six tenths of its mean, one of twenty by an eighth
  expect(Math.abs(mean(pairs) / ((2 / n) * mean(apart)) - 1)).toBeLessThan(4 / 8);
});

test('points of the roll lie along its spiral', async () => {
  const points = await real(2000, 6);
  const spiral = Array.from({ length: 2001 }, (_, i) => Math.PI * (1.5 + (3 * i) / 2000)).map(
    (a) => [(a * Math.cos(a)) / 7, (a * Math.sin(a)) / 7] as const,
  );
  const squares = Array.from({ length: 2000 }, (_, i) =>
    Math.min(...spiral.map(([x, y]) => (points[2 * i]! - x) ** 2 + (points[2 * i + 1]! - y) ** 2)),
  );
  // of noise of deviation 0.07 along both axes, that across the spiral is left
  expect(Math.sqrt(squares.reduce((a, b) => a + b) / 2000) / 0.07).toBeCloseTo(1, 1);
});

test('a short run brings noise nearer to the roll, and the same seed gives the same points and pictures', async () => {
  const [one, again, other] = [await run(60, 1), await run(60, 1), await run(60, 2)];
  expect(one.losses.map(([step]) => step)).toEqual([8, 16, 24, 32, 40, 48, 56]);
  expect(one.places.length).toBe(26);
  expect(again).toEqual(one);
  expect(other.places[25]).not.toEqual(one.places[25]);
  const [noise, samples, points] = [one.places[0]!, one.places[25]!, await real(400, 3)];
  expect(energyDistance(samples, points)).toBeLessThan(energyDistance(noise, points) / Math.SQRT2);
  const picture = beside(density(samples), ways(one.places, 20));
  expect(picture).toMatchObject({ width: 1280, height: 640, channels: 3 });
  expect(picture.data).toEqual(beside(density(again.places[25]!), ways(again.places, 20)).data);
});
