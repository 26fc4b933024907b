/** The picture, as SVG that follows the reader's light or dark mode. */
import { contours, densityOf, type Field } from './density.js';
import type { Points } from './energyDistance.js';

/** The contents of the picture. */
export interface Picture {
  readonly data: Points;
  readonly samples: Points;
  /** The positions of points after each step of the sampler: noise first. Only the first points are drawn. */
  readonly places: readonly Points[];
  /** The caption. */
  readonly caption: string;
}

const EXTENT = 2.6; // each axis goes from -EXTENT to EXTENT
const PANEL = 300; // pixels
const GAP = 20;
const TOP = 64;
const WIDTH = 3 * PANEL + 4 * GAP;
const HEIGHT = TOP + PANEL + 44;
const FINE = 10; // coordinates are rounded to tenths of a pixel

const STYLE = `
text{font:12px system-ui,sans-serif;fill:#59636e}
.paper{fill:#fff}.title{font-size:15px;font-weight:600;fill:#1f2328}.frame{fill:#f6f8fa}
.density{fill-opacity:.13}.data{fill:#0969da}.learned{fill:#bc4c00}
.roll{fill-opacity:.1}.way{fill:none;stroke-width:16;stroke-linejoin:round}
.begin{fill:#fff;stroke-width:10}.end{stroke-width:60;stroke-linecap:round}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.paper{fill:#0d1117}.title{fill:#f0f6fc}.frame{fill:#151b23}
.density{fill-opacity:.16}.begin{fill:#0d1117}.data{fill:#58a6ff}.learned{fill:#f0883e}}`;

type Point = readonly [x: number, y: number];

const placeOf = ([x, y]: Point): Point => [
  Math.round((FINE * PANEL * (1 + x / EXTENT)) / 2),
  Math.round((FINE * PANEL * (1 - y / EXTENT)) / 2),
];

/** The corners of a path as relative moves, which are shorter. */
const pathOf = (points: readonly Point[]): string =>
  points
    .map(placeOf)
    .map(([x, y], i, all) => {
      const [fromX, fromY] = all[i - 1] ?? [0, 0];
      return i === 0 ? `M${x} ${y}` : `l${x - fromX} ${y - fromY}`;
    })
    .join('')
    .replaceAll(' -', '-');

const panel = (index: number, title: string, subtitle: string, inside: readonly string[]): readonly string[] => [
  `<svg x="${GAP + index * (PANEL + GAP)}" y="0" width="${PANEL}" height="${TOP + PANEL}">`,
  `<text class="title" y="28">${title}</text><text y="48">${subtitle}</text>`,
  `<svg y="${TOP}" width="${PANEL}" height="${PANEL}" viewBox="0 0 ${FINE * PANEL} ${FINE * PANEL}">`,
  `<rect class="frame" width="100%" height="100%" rx="${6 * FINE}"/>`,
  ...inside,
  '</svg></svg>',
];

const LATTICE = 121; // nodes along each axis
const BANDWIDTH = 0.06; // of the kernel, a little less than the spread across the roll
const LEVELS = [0.03, 0.09, 0.18, 0.27, 0.36, 0.45, 0.54, 0.63, 0.72, 0.81, 0.9]; // parts of the highest density of the data

/** The outline of the places with at least a density. */
const ringsOf = (field: Field, level: number): string =>
  contours(field, level)
    .map((ring) => `${pathOf(ring)}z`)
    .join('');

/** Layers of increasing density: denser is darker. */
const layers = (kind: string, field: Field, highest: number): readonly string[] =>
  LEVELS.map((part) => `<path class="density ${kind}" d="${ringsOf(field, part * highest)}"/>`);

const WAYS = 36;
const STAGES = 12; // each has a colour

/** The distance that the points move in a step, summed over axes and points. */
const lengthOf = (from: Points, to: Points): number => {
  let length = 0;
  for (let i = 0; i < from.length; i++) length += Math.abs(to[i]! - from[i]!);
  return length;
};

/** The steps at which the stages begin, and the last ends. Points move about equally far in each stage. */
const stagesOf = (places: readonly Points[]): readonly number[] => {
  const gone = [0]; // the distance before each step
  places.slice(1).forEach((to, step) => gone.push(gone[step]! + lengthOf(places[step]!, to)));
  const end = gone.at(-1)!;
  return Array.from({ length: STAGES + 1 }, (_, stage) => gone.findIndex((length) => length >= (stage / STAGES) * end)); // oxfmt-ignore
};

const circleOf = ([x, y]: Point): string => `<circle cx="${x}" cy="${y}" r="22"/>`;

const OUTLINE = 0.09; // part of the highest density, at the edge of the roll

/** The trajectories of points, from violet rings (noise) to orange dots (samples). */
const ways = (places: readonly Points[]): readonly string[] => {
  const at = (step: number, i: number): Point => [places[step]![2 * i]!, places[step]![2 * i + 1]!];
  const each = (draw: (i: number) => string): string =>
    Array.from({ length: places[0]!.length / 2 }, (_, i) => draw(i)).join('');
  const colour = (part: number): string => `hsl(${Math.round(265 + 120 * part)} 80% 62%)`;
  const stages = stagesOf(places);
  return [
    ...stages.slice(1).map((to, stage) => {
      const from = stages[stage]!;
      const d = each((i) => pathOf(Array.from({ length: to - from + 1 }, (_, s) => at(from + s, i))));
      return `<path class="way" stroke="${colour(stage / (STAGES - 1))}" d="${d}"/>`;
    }),
    `<g class="begin" stroke="${colour(0)}">${each((i) => circleOf(placeOf(at(0, i))))}</g>`,
    `<path class="end" stroke="${colour(1)}" d="${each((i) => `${pathOf([at(places.length - 1, i)])}h0`)}"/>`,
  ];
};

/** The densities of data and samples, and the trajectories of samples. */
export const drawing = ({ data, samples, places, caption }: Picture): string => {
  const [source, learned] = [data, samples].map((points) => densityOf(points, LATTICE, EXTENT, BANDWIDTH)) as [Field, Field]; // oxfmt-ignore
  const highest = source.values.reduce((a, b) => Math.max(a, b));
  const count = (points: Points): string => (points.length / 2).toLocaleString('en');
  const paths = places.map((points) => points.subarray(0, 2 * WAYS));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>A swiss roll, learned</title><style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    ...panel(0, 'Data', `density of ${count(data)} points`, layers('data', source, highest)),
    ...panel(1, 'Learned', `density of ${count(samples)} samples`, layers('learned', learned, highest)),
    ...panel(
      2,
      'From noise to samples',
      `${count(paths[0]!)} paths of ${places.length - 1} steps, from a ring to a dot`,
      [`<path class="roll learned" d="${ringsOf(learned, OUTLINE * highest)}"/>`, ...ways(paths)],
    ),
    `<text x="${GAP}" y="${HEIGHT - 16}">${caption}</text>`,
    '</svg>',
    '',
  ].join('\n');
};
