/** A film of a trained network that draws images: x_t, and below them x̂₀. */
import { type Noisefold, unwrap } from 'noisefold';
import { cfg, ddim, sampler } from 'noisefold/diffusion';
import {
  compile,
  type Dim,
  type HostArray,
  key,
  leafSpec,
  normal,
  program,
  type RandomKey,
  read,
  type Tensor,
  treeSpec,
  type TreeSpec,
} from 'noisefold/dsl';
import type { UNetParams } from 'noisefold/nn';
import { loadTrained, type Trained } from 'noisefold/training';
import type { RunToEvaluate } from '../mnist/evaluation/runToEvaluate.js';
import type { Sheet } from './sheet.js';

/** Ten digits, one of each class. */
const DIGITS = { image: [28, 28, 1], labels: Array.from({ length: 10 }, (_, i) => i), scale: 3 } as const;
const STEPS = 25;
const GUIDANCE = 2.5;
const SEED = 4;
/** Milliseconds of a sheet, of the noise at the start, and of the images at the end. */
const DELAY = { step: 120, start: 700, end: 3000 } as const;

/** The images x_t and x̂₀ at timestep t. */
export interface Moment {
  readonly t: number;
  readonly x: HostArray;
  readonly x0: HostArray;
}

/** The form of a film: its images, labels and scale. */
export interface Frames {
  /** Height, width and channels of an image. */
  readonly image: readonly [height: number, width: number, channels: number];
  /** The label of each column; none for a film without them. */
  readonly labels: readonly unknown[];
  /** The pixels of the film for a pixel of an image. */
  readonly scale: number;
}

/** Rounds a number in [-1, 1] to one of 16, which take half the room of 256 in a file. */
const rounded = (x: number): number => Math.round(7.5 * (x + 1)) / 7.5 - 1;

/** A sheet for each moment, with the rows x_t and x̂₀, and how long each is shown. */
export const reel = (moments: readonly Moment[], { image, labels, scale }: Frames = DIGITS) => ({
  sheets: moments.map(({ t, x, x0 }): Sheet => {
    const data = Float32Array.from([...x, ...x0], rounded);
    return {
      images: { shape: [data.length / (image[0] * image[1] * image[2]), ...image], data },
      rows: ['xₜ', 'x̂₀'],
      columns: labels.map(String),
      // a space as wide as a digit, so that all sheets have one size
      corner: `t = ${`${Math.round(t)}`.padStart(3, '\u2007')}`,
      scale,
    };
  }),
  delays: moments.map((_, i) => (i === 0 ? DELAY.start : i === moments.length - 1 ? DELAY.end : DELAY.step)),
});

/** The request for the images of a film: the class of each image for each condition, and the solver's settings. */
export interface Filming {
  readonly conditions: Readonly<Record<string, Int32Array>>;
  readonly grid: number;
  readonly guidance: number;
  readonly key: RandomKey;
}

/** Draws images by DDIM, and returns every step. */
export const drawnIn = async (
  nf: Noisefold,
  { model, noising, image: [height, width, channels], params }: Trained<UNetParams, [Dim, Dim, Dim]>,
  { conditions, grid, guidance, key: seed }: Filming,
): Promise<readonly Moment[]> => {
  const walk = unwrap(sampler({ noising, denoiser: model, solver: ddim(), grid, guidance: cfg(guidance) }));
  const B = Object.values(conditions)[0]!.length; // a film has a condition
  const start = program('key', (k) => ({ x: walk.start(normal(k, B, height, width, channels)).x }));
  const state: TreeSpec<{ readonly x: Tensor<[Dim, Dim, Dim, Dim]> }> = treeSpec({
    x: leafSpec([B, height, width, channels]),
  });
  const values = Object.fromEntries(Object.keys(conditions).map((name) => [name, 'B:int32'] as const));
  const inputs = { params: model.params, state, index: ':int32', conditions: values } as const;
  const move = program(inputs, ({ params: p, state: { x }, index, conditions: at }) => {
    const next = walk.step(p, { x, memory: [] }, { index, conditions: at }); // DDIM has no memory
    return { x: next.state.x, x0: next.x0 };
  });
  const begin = await nf.run(compile(start, {}));
  const { run } = await nf.run(compile(move, { B }));
  let { x } = await nf.run(begin.run(seed));
  const moments: Moment[] = [];
  for (const [index, t] of walk.timesteps.entries()) {
    const next = await nf.run(run({ params, state: { x }, index, conditions }));
    moments.push({ t, x: await nf.run(read(x)), x0: await nf.run(read(next.x0)) });
    x = next.x;
  }
  const images = await nf.run(read(x));
  return [...moments, { t: 0, x: images, x0: images }];
};

/** Draws digits with the network of a run of the demo, and returns every step. */
export const drawnBy = async (
  nf: Noisefold,
  { parts: { model, noising }, checkpoint }: Pick<RunToEvaluate, 'parts' | 'checkpoint'>,
): Promise<readonly Moment[]> => {
  const trained = await nf.run(loadTrained(checkpoint, { model, noising }));
  const conditions = { label: Int32Array.from(DIGITS.labels) };
  return drawnIn(nf, trained, { conditions, grid: STEPS, guidance: GUIDANCE, key: key(SEED) });
};
