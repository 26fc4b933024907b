import type { Metrics } from './metrics.js';
import { linearTicks, logTicks, tickLabel } from './ticks.js';
import type { Exact } from '../internal/exact.js';
import { t } from '../internal/fp.js';
import { argument, optional, type OptionsOf, schema } from '../internal/schema.js';
import { list, partLike } from '../internal/parts.js';

const charts = schema('lossChart', {
  /** The title above the chart; default 'Training loss'. */
  title: optional(t.string, 'Training loss'),
  /** True to draw losses on a logarithmic axis; default true. */
  logarithmic: optional(t.boolean, true),
});

/** The options of {@link lossChart}. */
export interface LossChartOptions extends OptionsOf<typeof charts> {}

interface Point {
  readonly x: number;
  /** The y value of a point; a line breaks where it is not finite. */
  readonly y: number;
}

/** An axis of the chart: the coordinate of a number, and the ticks. */
interface Axis {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

const WIDTH = 760;
const HEIGHT = 400;
const PLOT = { left: 60, right: WIDTH - 130, top: 64, bottom: HEIGHT - 60 } as const;

const STYLE = `
text{font:12px system-ui,sans-serif;fill:#59636e}
.paper{fill:#fff}.title{font-size:15px;font-weight:600;fill:#1f2328}.grid{stroke:#e4e8ec}
path{fill:none;stroke-linejoin:round;stroke-linecap:round;stroke-width:2}.raw{stroke-width:1;stroke-opacity:.3}
.train{stroke:#0969da}.held-out{stroke:#bc4c00}
text.train{stroke:none;fill:#0969da}text.held-out{stroke:none;fill:#bc4c00}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.paper{fill:#0d1117}.title{fill:#f0f6fc}.grid{stroke:#252b33}
.train{stroke:#58a6ff}.held-out{stroke:#f0883e}text.train{fill:#58a6ff}text.held-out{fill:#f0883e}}`;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * The exponential moving average over about a fiftieth of the line, with the bias correction of Adam. Skips values that are not
 * finite.
 */
const smoothed = (points: readonly Point[]): readonly Point[] => {
  const keep = 1 - 1 / Math.max(1, points.length / 50);
  let sum = 0;
  let weight = 0;
  return points
    .filter(({ y }) => Number.isFinite(y))
    .map(({ x, y }) => {
      sum = keep * sum + (1 - keep) * y;
      weight = keep * weight + (1 - keep);
      return { x, y: sum / weight };
    });
};

/** Selects about 600 points: the lowest and the highest point of each group of neighbours, in order. */
const thinned = (points: readonly Point[]): readonly Point[] => {
  const together = Math.ceil(points.length / 300);
  if (together <= 2) return points;
  return Array.from({ length: Math.ceil(points.length / together) }, (_, i) => {
    const some = points.slice(i * together, (i + 1) * together);
    const finite = some.filter(({ y }) => Number.isFinite(y)).sort((a, b) => a.y - b.y);
    return [finite[0] ?? some[0]!, ...finite.slice(1).slice(-1)].sort((a, b) => a.x - b.x);
  }).flat();
};

/**
 * The axis between two coordinates of the chart that contains all finite values. A linear axis begins at 0 or below; a
 * logarithmic axis omits values that are not positive.
 */
const axisOf = (values: readonly number[], [start, end]: readonly [number, number], logarithmic: boolean): Axis => {
  const shown = values.filter((value) => Number.isFinite(value) && !(logarithmic && value <= 0));
  const low = shown.reduce((a, b) => Math.min(a, b), logarithmic ? (shown[0] ?? 1) : 0);
  const highest = shown.reduce((a, b) => Math.max(a, b), low);
  const size = Math.max(Math.abs(low), Math.abs(highest));
  // widens the axis of a single value, or of nearly equal values
  const high = highest - low > 1e-9 * size ? highest : low + (Math.abs(low) || 1);
  const scale = logarithmic ? Math.log : (value: number) => value;
  const share = (value: number): number => (scale(value) - scale(low)) / (scale(high) - scale(low));
  return {
    place: (value) => start + share(value) * (end - start),
    ticks: (logarithmic ? logTicks : linearTicks)(low, high, 8),
  };
};

const rounded = (n: number): string => `${Math.round(n * 10) / 10}`;

const pathOf = (points: readonly Point[], x: Axis, y: Axis): string =>
  points
    .map((point, i) => {
      const place = `${rounded(x.place(point.x))} ${rounded(y.place(point.y))}`;
      const before = points[i - 1];
      if (!Number.isFinite(y.place(point.y))) return '';
      return before !== undefined && Number.isFinite(y.place(before.y)) ? `L${place}` : `M${place}h0`;
    })
    .join('');

const line = (kind: string, points: readonly Point[], x: Axis, y: Axis): string =>
  `<path class="${kind}" d="${pathOf(points, x, y)}"/>`;

interface Label {
  readonly kind: string;
  readonly text: string;
  readonly at: number;
}

/** Labels a line at its end, with its name and last value. */
const labelOf = (kind: string, name: string, points: readonly Point[], y: Axis): readonly Label[] =>
  points
    .slice(-1)
    .map((end) => ({ kind, text: `${name} ${Number(end.y.toPrecision(3))}`, at: y.place(end.y) }))
    .filter(({ at }) => Number.isFinite(at));

/** Moves labels upwards until each is at least a line above the next. */
const stacked = (labels: readonly Label[]): readonly Label[] => {
  let below = Infinity;
  return [...labels]
    .sort((a, b) => b.at - a.at)
    .map((label) => {
      below = Math.min(label.at, below - 16);
      return { ...label, at: below };
    });
};

/** Draws the ticks of both axes, and their names. */
const axesText = (x: Axis, y: Axis): readonly string[] => [
  ...y.ticks.map((tick) => {
    const at = rounded(y.place(tick));
    return (
      `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at}" y2="${at}"/>` +
      `<text x="${PLOT.left - 8}" y="${at}" dy="4" text-anchor="end">${tickLabel(tick)}</text>`
    );
  }),
  ...x.ticks.filter(Number.isInteger).map((tick) => {
    const at = rounded(x.place(tick));
    return `<text x="${at}" y="${PLOT.bottom + 22}" text-anchor="middle">${tickLabel(tick)}</text>`;
  }),
  `<text x="${PLOT.left - 8}" y="${PLOT.top - 14}" text-anchor="end">loss</text>`,
  `<text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 42}" text-anchor="middle">step</text>`,
];

/** A loss, or NaN for one beyond the range of float32: differences of greater numbers overflow. */
const drawable = (loss: number): number => (Math.abs(loss) < 2 ** 128 ? loss : Number.NaN);

const metricsOf = argument(
  'lossChart: metrics',
  list('metrics of steps', partLike('metrics', '{ step, loss }', 'step', 'loss')),
);

/**
 * Draws a chart of the loss as SVG: a faint line of each step, a smoothed line, and a line of the held-out losses. It follows the
 * light or dark mode of the reader.
 * @example
 * const first = { step: 0, loss: 1, gradientNorm: 2, learningRate: 0.1, imagesPerSecond: 9, seconds: 0 }
 * const svg = lossChart([first, { ...first, step: 1, loss: 0.5 }], { title: 'MNIST' })
 * assert.match(svg, /^<svg .*<title>MNIST<\/title>/s)
 */
export const lossChart = <G = unknown>(
  metrics: readonly Metrics[],
  options?: Exact<G, keyof LossChartOptions> & LossChartOptions,
): string => {
  const { title, logarithmic } = charts.demand(options);
  metricsOf.demand(metrics);
  const raw = metrics.map(({ step, loss }) => ({ x: step, y: drawable(loss) }));
  const train = smoothed(raw);
  const heldOut = metrics.flatMap(({ step, heldOut }) =>
    heldOut === undefined ? [] : [{ x: step, y: drawable(heldOut) }],
  );
  const x = axisOf(
    raw.map((point) => point.x),
    [PLOT.left, PLOT.right],
    false,
  );
  const y = axisOf(
    [...raw, ...heldOut].map((point) => point.y),
    [PLOT.bottom, PLOT.top],
    logarithmic,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${escaped(title)}</title><style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    `<text class="title" x="20" y="30">${escaped(title)}</text>`,
    ...axesText(x, y),
    line('raw train', thinned(raw), x, y),
    line('train', thinned(train), x, y),
    line('held-out', thinned(heldOut), x, y),
    ...stacked([...labelOf('train', 'train', train, y), ...labelOf('held-out', 'held out', heldOut, y)]).map(
      ({ kind, text, at }) => `<text class="${kind}" x="${PLOT.right + 8}" y="${rounded(at)}" dy="4">${text}</text>`,
    ),
    '</svg>',
  ].join('\n');
};
