/** The paths of DDPM, EDM and flow matching: their signal-to-noise ratios, and a digit along each. */
import {
  type Channel,
  continuousLinear,
  edm,
  levelsOf,
  logSNR,
  type Noising,
  rectifiedFlow,
  through,
  trigonometric,
} from 'noisefold/diffusion';
import { broadcastTo, evaluate, iota, key, normal, program } from 'noisefold/dsl';
import { function as F, readerTaskEither as RTE } from 'fp-ts';
import { firstDigits } from './digits.js';
import type { Chart, Line } from './lineChart.js';
import type { Sheet } from './sheet.js';

/** A path, and its time at a fraction of the way from the data to the noise. */
interface Course {
  readonly noising: Noising;
  readonly timeAt: (fraction: number) => number;
}

/** The time of EDM's grid: σ^{1/7} in equal steps from 0.002 to 80. */
const edmTime = (fraction: number): number => (0.002 ** (1 / 7) + fraction * (80 ** (1 / 7) - 0.002 ** (1 / 7))) ** 7;

const paths: Readonly<Record<string, Course>> = {
  'rectified flow': { noising: rectifiedFlow(), timeAt: (t) => t },
  cosine: { noising: trigonometric(), timeAt: (t) => t },
  linear: { noising: continuousLinear(), timeAt: (t) => t },
  EDM: { noising: edm(), timeAt: edmTime },
};

/** The channels q(x_t|x_0) of a path at fractions of the way. */
const channelsAt = ({ noising, timeAt }: Course, fractions: readonly number[]): readonly Channel[] =>
  levelsOf(noising, fractions.map(timeAt)).slice(0, -1);

const fractions = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);

/** The log-SNR along each path. */
export const pathsChart: Chart = {
  title: 'log-SNR along four paths',
  x: { label: 'time, as a fraction of the way from the data to the noise', ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] },
  y: { label: 'log α²/σ²', ticks: [-10, -5, 0, 5, 10] },
  lines: Object.entries(paths).map(([name, path]): Line => ({
    name,
    points: channelsAt(path, fractions)
      .map((channel, i) => [fractions[i]!, logSNR(channel)] as const)
      .filter(([, lambda]) => Math.abs(lambda) <= 10),
  })),
};

const SHOWN = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95];

/** x_t for data and noise of equal size, so that a picture neither fades nor glares. */
const evened = ({ alpha, sigma }: Channel): Channel => {
  const norm = Math.hypot(alpha, sigma);
  return { alpha: alpha / norm, sigma: sigma / norm };
};

/** A row for each path; the digit and the noise are the same everywhere. */
const channels = Object.values(paths).flatMap((path) => channelsAt(path, SHOWN).map(evened));

const picture = program({ digit: '1 28 28 1', k: 'key' }, ({ digit, k }) => {
  const n = channels.length;
  return {
    images: F.pipe(
      broadcastTo(digit, n, 28, 28, 1),
      through(channels)(iota(n), broadcastTo(normal(k, 1, 28, 28, 1), n, 28, 28, 1)),
    ),
  };
});

export const alongPaths = F.pipe(
  RTE.fromTaskEither(firstDigits(1)),
  RTE.flatMap((digit) => evaluate(picture, {})({ digit, k: key(7) })),
  RTE.map(({ images }): Sheet => ({
    images: { shape: [channels.length, 28, 28, 1], data: images },
    rows: Object.keys(paths),
    columns: SHOWN.map(String),
    corner: 'time',
    scale: 3,
  })),
);
