/** The choices and the numbers of the figure "Plot it". */

/** Presets of points. */
export const SHAPES = ['spiral', 'ring', 'moons', 'blobs'] as const;
export type ShapeName = (typeof SHAPES)[number];

/** The paths, by the function of noisefold that makes them, and what a network can predict on each, the usual one first. */
export const PREDICTIONS = {
  cosine: ['v', 'epsilon', 'x0'],
  linear: ['v', 'epsilon', 'x0'],
  rectifiedFlow: ['velocity', 'v', 'x0'], // it begins without signal, where x̂₀ does not follow from ε
} as const;
export type PlanePath = keyof typeof PREDICTIONS;
export type Prediction = (typeof PREDICTIONS)[PlanePath][number];
export const PLANE_PATHS = Object.keys(PREDICTIONS) as readonly PlanePath[];
export const ALL_PREDICTIONS: readonly Prediction[] = ['epsilon', 'x0', 'v', 'velocity'];

export const STEP_COUNTS: readonly number[] = [1, 2, 5, 25];

/** The points are at most this many, with coordinates in bytes that mean [-1, 1]. */
export const MOST_POINTS = 400;

/** The number of dots that walk from noise to the points, and of arrows along an axis from -REACH to REACH. */
export const DOTS = 400;
export const ARROWS = 13;
export const REACH = 1.4;

/** The number of updates of the network, and of updates between two films. */
export const UPDATES = 2000;
export const FILM_EVERY = 100;

/** The choices of the plane: the prediction and the path of the network, and the steps of the dots. */
export interface PlaneChoice {
  readonly path: PlanePath;
  readonly predicts: Prediction;
  readonly steps: number;
}

/** The lines of noisefold that make a film. `network` and `exact` are in `worker/plane.ts`. */
export const planeCode = ({ path, predicts, steps }: PlaneChoice): string =>
  `const noising = ${path === 'rectifiedFlow' ? 'rectifiedFlow()' : `unwrap(ddpm(${path}(1000)))`}
const losses = simpleLoss(noising, network('${predicts}'), { times: stratifiedTimes })
const grid = evenGrid(${steps}, { shift: 0.1 })
const learned = unwrap(sampler({ noising, denoiser: network('${predicts}'), solver: ddim(), grid }))
const best = unwrap(sampler({ noising, denoiser: exact, solver: ddim(), grid }))`;
