/** Points of the plane by five solvers, with 5, 10 and 20 steps. */
import {
  ddim,
  dpmSolverPP,
  edm,
  eulerAncestral,
  exactDenoiser,
  type GaussianMixture,
  heun,
  type Model,
  overParams,
  type Solver,
  uncorrected,
  uniPC,
} from 'noisefold/diffusion';
import { key, treeSpec } from 'noisefold/dsl';
import { type Images, sample } from 'noisefold/training';
import { function as F, readerTaskEither as RTE } from 'fp-ts';
import type { Sheet } from './sheet.js';

/** The columns of the picture. */
const SOLVERS: Readonly<Record<string, Solver>> = {
  ddim: ddim(),
  dpmSolverPP: dpmSolverPP(),
  uniPC: uniPC(),
  heun: heun(),
  eulerAncestral: eulerAncestral(),
};
/** The rows: numbers of steps. */
const STEPS = [5, 10, 20];
const POINTS = 4000;
/** Pixels of a side. */
const SIZE = 96;

/** A point as an image of two pixels. */
type Point = [1, 2, 1];

/** A spiral of narrow Gaussians. */
const CENTRES = 200;
const spiral: GaussianMixture<Point> = {
  shape: [1, 2, 1],
  weights: Array<number>(CENTRES).fill(1 / CENTRES),
  means: Array.from({ length: CENTRES }, (_, i) => {
    const [angle, radius] = [2 + (i / CENTRES) * 3 * Math.PI, 0.15 + (0.7 * i) / CENTRES];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }),
  variances: Array<number>(CENTRES).fill(0.0016),
};

/** Points of [-1, 1]² as a picture: black without points, white with many. */
const scattered = ({ data, shape: [count] }: Images): Float32Array => {
  const pixels = new Float32Array(SIZE * SIZE).fill(-1);
  const pixelOf = (x: number): number => Math.floor(((x + 1) / 2) * SIZE);
  for (let i = 0; i < count; i++) {
    const [column, row] = [pixelOf(data[2 * i]!), pixelOf(-data[2 * i + 1]!)];
    const at = row * SIZE + column;
    if (Math.min(row, column) >= 0 && Math.max(row, column) < SIZE) pixels[at] = Math.min(1, pixels[at]! + 0.4);
  }
  return pixels;
};

const noising = edm();
const model: Model<object, Point> = {
  params: treeSpec<object>({}),
  init: () => ({}),
  ...overParams(() => null)(exactDenoiser(noising)(spiral)),
};
const trained = { model, noising, image: [1, 2, 1], params: {} } as const;

export const bySolvers = F.pipe(
  STEPS.flatMap((grid) => Object.values(SOLVERS).map((solver) => ({ solver, grid }))),
  RTE.traverseSeqArray((how) => sample(trained, { ...how, count: POINTS, key: key(5), correction: uncorrected })),
  RTE.map((all): Sheet => ({
    images: {
      shape: [all.length, SIZE, SIZE, 1],
      data: Float32Array.from(all.flatMap((images) => Array.from(scattered(images)))),
    },
    rows: STEPS.map((grid) => `${grid} steps`),
    columns: Object.keys(SOLVERS),
    scale: 2,
  })),
);
