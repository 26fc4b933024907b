/** Lines over one axis, as SVG that follows the reader's light or dark mode. */

export interface Axis {
  readonly label: string;
  /** The ticks, rising: the axis goes from the first to the last. */
  readonly ticks: readonly number[];
  readonly logarithmic?: boolean;
}

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** At most four, the number of colours. */
  readonly lines: readonly Line[];
}

const WIDTH = 640;
const HEIGHT = 320;
const PLOT = { left: 60, right: WIDTH - 24, top: 72, bottom: HEIGHT - 52 } as const;

const LIGHT = ['#0969da', '#bc4c00', '#1a7f37', '#8250df'];
const DARK = ['#58a6ff', '#f0883e', '#3fb950', '#bc8cff'];

/** The dashes of each line, so that they are told apart without colour. */
const DASHES = ['none', '10 4', '2 3', '12 3 2 3']
  .map((dashes, i) => `path.c${i}{stroke-dasharray:${dashes}}`)
  .join('');

/** The length of the sample of a line before its name. */
const SAMPLE = 30;

const colours = (list: readonly string[]): string =>
  list.map((colour, i) => `.c${i}{stroke:${colour}}text.c${i}{stroke:none;fill:${colour}}`).join('');

const STYLE = `
text{font:12px system-ui,sans-serif;fill:#59636e}
.paper{fill:#fff}.title{font-size:15px;font-weight:600;fill:#1f2328}.grid{stroke:#e4e8ec}
path{fill:none;stroke-linejoin:round;stroke-width:2}${colours(LIGHT)}${DASHES}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.paper{fill:#0d1117}.title{fill:#f0f6fc}.grid{stroke:#252b33}
${colours(DARK)}}`;

/** The position of a number between the ends of an axis. */
const placeOn = ({ ticks, logarithmic = false }: Axis, start: number, end: number) => {
  const scale = logarithmic ? Math.log : (value: number) => value;
  const [low, high] = [scale(ticks[0]!), scale(ticks.at(-1)!)];
  return (value: number): string => (start + ((scale(value) - low) / (high - low)) * (end - start)).toFixed(1);
};

/** Writes long numbers as powers of ten. */
const textOf = (tick: number): string =>
  tick >= 1e3 || (tick > 0 && tick < 0.01) ? tick.toExponential().replace('+', '') : `${tick}`;

/** Draws a chart; values beyond the ticks are drawn outside the axes. */
export const lineChart = ({ title, x, y, lines }: Chart): string => {
  const across = placeOn(x, PLOT.left, PLOT.right);
  const up = placeOn(y, PLOT.bottom, PLOT.top);
  const pathOf = ({ points }: Line): string => `M${points.map(([a, b]) => `${across(a)} ${up(b)}`).join('L')}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${title}</title><style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    `<text class="title" x="20" y="28">${title}</text>`,
    ...y.ticks.map(
      (tick) =>
        `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${up(tick)}" y2="${up(tick)}"/>` +
        `<text x="${PLOT.left - 8}" y="${up(tick)}" dy="4" text-anchor="end">${textOf(tick)}</text>`,
    ),
    ...x.ticks.map((tick) => `<text x="${across(tick)}" y="${PLOT.bottom + 20}" text-anchor="middle">${tick}</text>`),
    `<text x="${PLOT.right}" y="${PLOT.bottom + 40}" text-anchor="end">${x.label}</text>`,
    ...lines.flatMap((line, i) => {
      const begin = PLOT.left + (i * (PLOT.right - PLOT.left)) / lines.length;
      return [
        `<path class="c${i}" d="${pathOf(line)}"/>`,
        `<path class="c${i}" d="M${begin} ${PLOT.top - 22}h${SAMPLE}"/>`,
        `<text class="c${i}" x="${begin + SAMPLE + 6}" y="${PLOT.top - 18}">${line.name}</text>`,
      ];
    }),
    `<text x="${PLOT.right}" y="28" text-anchor="end">${y.label}</text>`,
    '</svg>',
    '',
  ].join('\n');
};
