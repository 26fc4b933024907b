/** The scores by the scale of guidance, as SVG that follows the reader's light or dark mode. */
import type { Scores } from './scores.js';

const PANEL = { width: 300, height: 300, left: 46, right: 26, top: 64, bottom: 46 } as const;
const RIGHT = PANEL.width - PANEL.right;
const BOTTOM = PANEL.height - PANEL.bottom;

const STYLE = `
text{font:12px system-ui,sans-serif;fill:#59636e}
.paper{fill:#fff}.title{font-size:14px;font-weight:600;fill:#1f2328}.grid{stroke:#e4e8ec}
path{fill:none;stroke-width:2;stroke-linejoin:round}circle{stroke:none}
.c0{stroke:#0969da}.c1{stroke:#bc4c00}.c2{stroke:#1a7f37}circle.c0,text.c0{fill:#0969da}circle.c1,text.c1{fill:#bc4c00}
circle.c2,text.c2{fill:#1a7f37}text.c0,text.c1,text.c2{stroke:none}
path.c1{stroke-dasharray:10 4}path.c2{stroke-dasharray:2 3}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.paper{fill:#0d1117}.title{fill:#f0f6fc}.grid{stroke:#252b33}
.c0{stroke:#58a6ff}.c1{stroke:#f0883e}.c2{stroke:#3fb950}circle.c0,text.c0{fill:#58a6ff}circle.c1,text.c1{fill:#f0883e}
circle.c2,text.c2{fill:#3fb950}}`;

/** A line through marked points. */
interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

interface Point {
  readonly x: number;
  readonly y: number;
  /** The text beside the mark. */
  readonly note?: string;
}

/** The ticks of an axis, rising, each with its label; the axis goes from the first to the last. */
interface Axis {
  readonly label: string;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

interface Panel {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

/** Multiples of 1, 2 or 5 times a power of ten, from below the least value to above the greatest. */
const roundAxis = (label: string, values: readonly number[], unit = ''): Axis => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const rough = Math.max(high - low, 1e-9 + Math.abs(high) / 100) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= rough)!;
  const first = Math.floor(low / step);
  const count = Math.max(1, Math.ceil(high / step - 1e-9) - first);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const ticks = Array.from({ length: count + 1 }, (_, i) => (first + i) * step);
  return { label, ticks: ticks.map((at) => ({ at, text: `${at.toFixed(digits)}${unit}` })) };
};

const placeOn = ({ ticks }: Axis, start: number, end: number) => {
  const [low, high] = [ticks[0]!.at, ticks.at(-1)!.at];
  return (value: number): string => (start + ((value - low) / (high - low)) * (end - start)).toFixed(1);
};

type Place = readonly [x: number, y: number];

/** The distance of a note from its mark, in pixels. */
const ASIDE = 14;

/** The distance of a place from the straight line between two places. */
const distanceTo = ([x, y]: Place, [ax, ay]: Place, [bx, by]: Place): number => {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
};

/** The places of notes: of eight around each mark, the one farthest from the line, the axis and the notes before it. */
const notePlaces = (marks: readonly Place[]): readonly Place[] =>
  marks.reduce<readonly Place[]>((notes, [x, y]) => {
    const clearance = (place: Place): number =>
      Math.min(
        ...marks.slice(1).map((to, i) => distanceTo(place, marks[i]!, to)),
        BOTTOM - place[1],
        ...notes.map((note) => distanceTo(place, note, note)),
      );
    const around = Array.from({ length: 8 }, (_, i): Place => {
      const angle = (i * Math.PI) / 4;
      return [x + ASIDE * Math.sin(angle), y - ASIDE * Math.cos(angle)];
    });
    return [...notes, around.reduce((best, place) => (clearance(place) > clearance(best) + 1e-6 ? place : best))];
  }, []);

const panelOf = ({ title, x, y, series }: Panel, index: number): readonly string[] => {
  const across = placeOn(x, PANEL.left, RIGHT);
  const up = placeOn(y, BOTTOM, PANEL.top);
  return [
    `<svg x="${index * PANEL.width}" width="${PANEL.width}" height="${PANEL.height}">`,
    `<text class="title" x="${PANEL.left}" y="26">${title}</text>`,
    ...y.ticks.map(
      ({ at, text }) =>
        `<line class="grid" x1="${PANEL.left}" x2="${RIGHT}" y1="${up(at)}" y2="${up(at)}"/>` +
        `<text x="${PANEL.left - 6}" y="${up(at)}" dy="4" text-anchor="end">${text}</text>`,
    ),
    ...x.ticks.map(({ at, text }) => `<text x="${across(at)}" y="${BOTTOM + 18}" text-anchor="middle">${text}</text>`),
    `<text x="${RIGHT}" y="${BOTTOM + 36}" text-anchor="end">${x.label}</text>`,
    ...(y.label === '' ? [] : [`<text x="${PANEL.left}" y="48">${y.label}</text>`]),
    ...series.flatMap(({ name, points }, i) => [
      `<path class="c${i}" d="M${points.map((point) => `${across(point.x)} ${up(point.y)}`).join('L')}"/>`,
      ...points.map((point) => `<circle class="c${i}" cx="${across(point.x)}" cy="${up(point.y)}" r="3.5"/>`),
      ...notePlaces(points.map((point) => [Number(across(point.x)), Number(up(point.y))])).flatMap(([cx, cy], j) => {
        const { note } = points[j]!;
        const place = `x="${cx.toFixed(1)}" y="${cy.toFixed(1)}" dy="4" text-anchor="middle"`;
        return note === undefined ? [] : [`<text ${place}>${note}</text>`];
      }),
      ...(series.length > 1
        ? [
            `<path class="c${i}" d="M${PANEL.left + 80 * i} 44h18"/>`,
            `<text class="c${i}" x="${PANEL.left + 80 * i + 22}" y="48">${name}</text>`,
          ]
        : []),
    ]),
    '</svg>',
  ];
};

/** Three panels: the FID by scale; accuracy, precision and recall by scale; the FID against the accuracy. */
export const figure = (scores: readonly Scores[]): string => {
  const scaleAxis: Axis = {
    label: 'guidance scale',
    ticks: scores.map(({ scale }, i) => ({ at: i, text: `${scale}` })), // evenly spaced, because each scale is about twice the one before
  };
  const byScale = (name: string, of: (score: Scores) => number): Series => ({
    name,
    points: scores.map((score, i) => ({ x: i, y: of(score) })),
  });
  const percent = (share: number): number => 100 * share;
  const fids = scores.map(({ fid }) => fid);
  const shares = [
    byScale('accuracy', ({ accuracy }) => percent(accuracy)),
    byScale('precision', ({ precision }) => percent(precision)),
    byScale('recall', ({ recall }) => percent(recall)),
  ];
  const accuracies = scores.map(({ accuracy }) => percent(accuracy));
  const against = scores.map(({ scale, fid }, i) => ({ x: accuracies[i]!, y: fid, note: `${scale}` }));
  const panels: readonly Panel[] = [
    { title: 'FID', x: scaleAxis, y: roundAxis('lower is better', fids), series: [byScale('FID', ({ fid }) => fid)] },
    {
      title: 'Accuracy, precision, recall',
      x: scaleAxis,
      y: roundAxis('', shares.flatMap(({ points }) => points.map(({ y }) => y)), ' %'), // oxfmt-ignore
      series: shares,
    },
    {
      title: 'FID against accuracy, by scale',
      x: roundAxis('accuracy', accuracies, ' %'),
      y: roundAxis('', fids),
      series: [{ name: 'FID', points: against }],
    },
  ];
  const [width, height] = [panels.length * PANEL.width, PANEL.height];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>Classifier guidance of digits</title><style>${STYLE}</style>`,
    `<rect class="paper" width="${width}" height="${height}" rx="6"/>`,
    ...panels.flatMap(panelOf),
    '</svg>',
    '',
  ].join('\n');
};
