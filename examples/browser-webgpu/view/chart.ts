/** The chart of the loss: each step, smoothed, and on held-out images. */
import { type Learning, type Loss, nextGoal } from '../page/learning.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

const MARGIN = { left: 38, right: 8, top: 26, bottom: 24 } as const;

/**
 * Centred geometric means over about a twentieth of the curve (geometric because the axis is logarithmic). They do not
 * lag behind, except at the end.
 */
const smoothed = (losses: readonly Loss[]): readonly Loss[] => {
  const around = Math.floor(losses.length / 40);
  const sums = [0]; // cumulative sums of the logarithms
  for (const { loss } of losses) sums.push(sums.at(-1)! + Math.log(loss));
  return losses.map(({ step }, i) => {
    const reach = Math.min(around, i);
    const [first, last] = [i - reach, Math.min(i + reach + 1, losses.length)];
    return { step, loss: Math.exp((sums[last]! - sums[first]!) / (last - first)) };
  });
};

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

type Learned = Pick<Learning, 'losses' | 'heldOut' | 'step' | 'goal'>;

/** The chart as SVG of a given size. Before the first step it has only axes. */
export const chart = ({ step, goal, ...learned }: Learned, { width, height }: Size): string => {
  const losses = learned.losses.filter(isDrawn);
  const first = losses[0]?.step ?? step;
  const last = losses.length === 0 ? nextGoal({ step, goal }) : Math.max(goal, first + 1);
  const heldOut = learned.heldOut.filter((loss) => isDrawn(loss) && loss.step >= first);
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
    text(`step ${last}`, `x="${right}" y="${height - 4}"`, 'text-anchor="end"'),
    text('loss', `x="${left}" y="12"`, 'class="name"'),
    text('on digits it never saw', `x="${left + 40}" y="12"`, 'class="heldname"'),
    ...(losses.length === 0
      ? [
          text(
            'The loss of each step appears here.',
            `x="${(left + right) / 2}" y="${height / 2}"`,
            'text-anchor="middle"',
          ),
        ]
      : [path('raw', thinned(losses, width)), path('smooth', thinned(smoothed(losses), width))]),
    ...(heldOut.length > 1 ? [path('held', heldOut)] : []),
    ...heldOut.map((at) => `<circle class="held" cx="${x(at.step)}" cy="${y(at.loss)}" r="3"/>`),
    '</svg>',
  ].join('');
};
