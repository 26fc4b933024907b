/** The chart of the loss: of each step, and that of the averaged weights, on digits for training and on held-out ones. */
import type { Loss } from '../page/curve.js';
import { type Learning, nextGoal } from '../page/learning.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

const MARGIN = { left: 38, right: 8, top: 26, bottom: 24 } as const;

/** Tests whether a loss fits on a logarithmic axis. */
const isDrawn = ({ loss }: Loss): boolean => loss > 0 && loss < Infinity;

/** Reduces the number of points to what is visible. */
const thinned = (losses: readonly Loss[], most: number): readonly Loss[] => {
  const every = Math.ceil(losses.length / most);
  return every <= 1 ? losses : losses.filter((_, i) => i % every === 0 || i === losses.length - 1);
};

/** 0.01, 0.02, 0.05, 0.1, … */
const TICKS = Array.from({ length: 8 }, (_, i) => 10 ** (i - 5)).flatMap((n) => [n, 2 * n, 5 * n]);

const written = (tick: number): string => `${Number(tick.toPrecision(1))}`;

/** At most five ticks between two losses; powers of ten if there are more. */
const ticksIn = (low: number, high: number): readonly number[] => {
  const inside = TICKS.filter((tick) => tick >= low && tick <= high);
  return inside.length > 5 ? inside.filter((tick) => written(tick).includes('1')) : inside;
};

/** The smallest and the largest loss on the axis: others are at its edge. */
const [LOW, HIGH] = [0.04, 1];

type Learned = Pick<Learning, 'losses' | 'heldOut' | 'trained' | 'step' | 'goal'>;

/** The chart as SVG of a given size. Before the first step it has only axes. */
export const chart = ({ step, goal, ...learned }: Learned, { width, height }: Size): string => {
  const losses = learned.losses.filter(isDrawn);
  const first = losses[0]?.step ?? step;
  const last = losses.length === 0 ? nextGoal({ step, goal }) : Math.max(goal, first + 1);
  const [heldOut, trained] = [learned.heldOut, learned.trained].map((all) =>
    all.filter((loss) => isDrawn(loss) && loss.step >= first),
  );
  const { left, top } = MARGIN;
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];

  const x = (at: number): string => (left + ((at - first) / (last - first)) * (right - left)).toFixed(1);
  const y = (loss: number): string =>
    (bottom - (Math.log(Math.min(HIGH, Math.max(LOW, loss)) / LOW) / Math.log(HIGH / LOW)) * (bottom - top)).toFixed(1);
  const path = (kind: string, points: readonly Loss[]): string =>
    `<path class="${kind}" d="M${points.map((at) => `${x(at.step)} ${y(at.loss)}`).join('L')}"/>`;
  const text = (words: string, at: string, attributes: string): string => `<text ${at} ${attributes}>${words}</text>`;

  return [
    `<svg viewBox="0 0 ${width} ${height}" height="${height}" aria-hidden="true">`,
    ...ticksIn(LOW, HIGH).flatMap((tick) => [
      `<line class="rule" x1="${left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>`,
      text(written(tick), `x="${left - 8}" y="${y(tick)}"`, 'dy="4" text-anchor="end"'),
    ]),
    text(`${first}`, `x="${left}" y="${height - 4}"`, ''),
    text(`${last} updates`, `x="${right}" y="${height - 4}"`, 'text-anchor="end"'),
    text('loss on digits it learns', `x="${left}" y="12"`, 'class="name"'),
    text('on others', `x="${left + 166}" y="12"`, 'class="heldname"'),
    ...(losses.length === 0
      ? [
          text(
            'The loss of each update appears here.',
            `x="${(left + right) / 2}" y="${height / 2}"`,
            'text-anchor="middle"',
          ),
        ]
      : [path('raw', thinned(losses, width))]),
    ...[['trained', trained!] as const, ['held', heldOut!] as const].flatMap(([kind, all]) => [
      ...(all.length > 1 ? [path(kind, all)] : []),
      ...all.map((at) => `<circle class="${kind}" cx="${x(at.step)}" cy="${y(at.loss)}" r="3"/>`),
    ]),
    '</svg>',
  ].join('');
};
