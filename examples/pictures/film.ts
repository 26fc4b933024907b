/** A film of a trained network that draws a digit of each class: x_t, and below it x̂₀. */
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
  read,
  type Tensor,
  treeSpec,
  type TreeSpec,
} from 'noisefold/dsl';
import { loadTrained } from 'noisefold/training';
import type { RunToEvaluate } from '../mnist/evaluation/runToEvaluate.js';
import type { Sheet } from './sheet.js';

const CLASSES = 10;
const STEPS = 25;
const GUIDANCE = 2.5;
const SEED = 4;
/** Milliseconds of a sheet, of the noise at the start, and of the digits at the end. */
const DELAY = { step: 120, start: 700, end: 3000 } as const;

/** The images x_t and x̂₀ at timestep t. */
export interface Moment {
  readonly t: number;
  readonly x: HostArray;
  readonly x0: HostArray;
}

/** x_t of the digits, for the network's type of images. */
interface Images {
  readonly x: Tensor<[10, Dim, Dim, Dim]>;
}

/** Rounds a number in [-1, 1] to one of 16 greys, which take half the room of 256 in a file. */
const grey = (x: number): number => Math.round(7.5 * (x + 1)) / 7.5 - 1;

/** A sheet for each moment, two rows of digits, and how long each is shown. */
export const reel = (moments: readonly Moment[]) => ({
  sheets: moments.map(({ t, x, x0 }): Sheet => ({
    images: { shape: [2 * CLASSES, 28, 28, 1], data: Float32Array.from([...x, ...x0], grey) },
    rows: ['xₜ', 'x̂₀'],
    columns: Array.from({ length: CLASSES }, (_, i) => `${i}`),
    // a space as wide as a digit, so that all sheets have one size
    corner: `t = ${`${Math.round(t)}`.padStart(3, '\u2007')}`,
    scale: 3,
  })),
  delays: moments.map((_, i) => (i === 0 ? DELAY.start : i === moments.length - 1 ? DELAY.end : DELAY.step)),
});

/** Draws with the network of a run of the demo, and returns every step. */
export const drawnBy = async (
  nf: Noisefold,
  { parts: { model, noising }, checkpoint }: Pick<RunToEvaluate, 'parts' | 'checkpoint'>,
): Promise<readonly Moment[]> => {
  const walk = unwrap(sampler({ noising, denoiser: model, solver: ddim(), grid: STEPS, guidance: cfg(GUIDANCE) }));
  const { params } = await nf.run(loadTrained(checkpoint, { model, noising }));
  const start = program('key', (k) => ({ x: walk.start(normal(k, CLASSES, 28, 28, 1)).x }));
  const state: TreeSpec<Images> = treeSpec({ x: leafSpec([CLASSES, 28, 28, 1]) });
  const inputs = { params: model.params, state, index: ':int32', label: '10:int32' } as const;
  const move = program(inputs, ({ params: p, state: { x }, index, label }) => {
    const next = walk.step(p, { x, memory: [] }, { index, label }); // DDIM has no memory
    return { x: next.state.x, x0: next.x0 };
  });
  const begin = await nf.run(compile(start, {}));
  const { run } = await nf.run(compile(move, {}));
  const label = Int32Array.from({ length: CLASSES }, (_, i) => i);
  let { x } = await nf.run(begin.run(key(SEED)));
  const moments: Moment[] = [];
  for (const [index, t] of walk.timesteps.entries()) {
    const next = await nf.run(run({ params, state: { x }, index, label }));
    moments.push({ t, x: await nf.run(read(x)), x0: await nf.run(read(next.x0)) });
    x = next.x;
  }
  const digits = await nf.run(read(x));
  return [...moments, { t: 0, x: digits, x0: digits }];
};
