/** The figure "Guide it": the same noise for all classes, at some scales of guidance. */
import { AREA, CLASSES } from '../shared/extent.js';
import type { Paint } from '../shared/messages.js';
import { type Event, LINK, type Moved, post } from './event.js';
import { type Film, withFrame } from './film.js';
import { draws, type Shipped } from './network.js';
import { choicesOf } from './query.js';

/** The scales of the rows. */
export const SCALES = [0, 1, 2.5, 6] as const;

/** The classes of a row: each twice, to compare two digits of a class. */
export const LABELS: readonly number[] = Array.from({ length: 2 * CLASSES }, (_, i) => i % CLASSES);

/** The mean distance of two digits of a class in MNIST: see {@link distance}. A test computes it. */
export const REAL = 0.313;

/** The measurements of a row of digits. */
export interface Score {
  /** The number of digits that a classifier takes for what they should be; null until it has looked. */
  readonly recognized: number | null;
  /** The mean distance of two digits of a class, in parts of that of real ones. */
  readonly variety: number;
}

export interface Row {
  readonly film: Film;
  readonly score: Score | null;
}

export interface Guiding {
  /** A row for each scale; none before the first request. */
  readonly rows: readonly Row[];
  /** The seed of the rows; before they are drawn, that of the first ones. */
  readonly seed: number;
  readonly nextId: number;
}

export const unguided: Guiding = { rows: [], seed: 1, nextId: 0 };

/** The root mean square of the differences of two images in [-1, 1], in parts of full ink. */
const distance = (x: Float32Array, a: number, b: number): number => {
  let sum = 0;
  for (let i = 0; i < AREA; i++) sum += (x[a * AREA + i]! - x[b * AREA + i]!) ** 2;
  return Math.sqrt(sum / AREA) / 2;
};

/** The mean distance of each image of the first half of a batch and that of its class in the other half. */
export const varietyOf = (x: Float32Array): number => {
  const pairs = x.length / AREA / 2;
  return Array.from({ length: pairs }, (_, i) => distance(x, i, i + pairs)).reduce((a, b) => a + b) / pairs;
};

const asked = (state: Guiding, network: Shipped): Moved<Guiding> => {
  if (!draws(network)) return [state, []];
  const { nextId } = state;
  const seed = state.rows.length === 0 ? state.seed : state.seed + 1;
  const requests = SCALES.map((guidance, part): Paint => ({
    ...{ _tag: 'Paint', id: nextId + part, purpose: 'guidance', part, network: 'shipped' },
    conditions: { label: LABELS },
    ...{ solver: 'ddim', steps: 20, guidance, seed, known: null, from: null },
  }));
  const rows = requests.map(({ id, steps }): Row => ({
    film: { id, labels: LABELS, learned: 0, of: steps, stills: [] },
    score: null,
  }));
  return [{ rows, seed, nextId: nextId + SCALES.length }, [...requests.map(post), LINK]];
};

const change = (state: Guiding, id: number, f: (row: Row) => Row): Guiding => ({
  ...state,
  rows: state.rows.map((row) => (row.film.id === id ? f(row) : row)),
});

/** The noise for the hash of the URL; nothing if it is that of a first visit. */
export const guidingQuery = ({ seed }: Guiding): string => (seed === 1 ? '' : `guide=${seed}`);

/** The figure after an event. */
export const guided = (state: Guiding, event: Event, network: Shipped): Moved<Guiding> => {
  switch (event._tag) {
    case 'GuidePressed':
      return asked(state, network);
    case 'NetworkLoaded':
      return [{ ...state, rows: [] }, []];
    case 'GuidingSet': {
      const { seed = state.seed } = choicesOf(event.query).number('seed', 'guide', Number.isInteger);
      return [seed === state.seed ? state : { ...state, seed, rows: [] }, []];
    }
    case 'Frame':
      return event.purpose === 'guidance'
        ? [change(state, event.id, (row) => ({ ...row, film: withFrame(row.film, event) })), []]
        : [state, []];
    case 'Painted': {
      const { id, purpose, x } = event;
      if (purpose !== 'guidance' || !state.rows.some(({ film }) => film.id === id)) return [state, []];
      const score = { recognized: null, variety: varietyOf(x) / REAL };
      return [change(state, id, (row) => ({ ...row, score })), [post({ _tag: 'Recognize', id, x })]];
    }
    case 'Recognized': {
      const recognized = event.classes.filter((one, i) => one === LABELS[i]).length;
      return [change(state, event.id, (row) => ({ ...row, score: row.score && { ...row.score, recognized } })), []];
    }
    default:
      return [state, []];
  }
};

/** The lines of noisefold that do it, at a scale. */
export const codeOf = (scale: number): string =>
  [
    'const { data } = await nf.run(sample(network, {',
    `  solver: ddim(), grid: 20, guidance: cfg(${scale}),`,
    '  labels: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], key: key(1),',
    '}))',
  ].join('\n');
