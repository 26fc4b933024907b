/** The figure "Remove it": from the x_t of the first figure back to a digit, by the shipped network. */
import { AREA, CLASSES } from '../shared/extent.js';
import type { Paint } from '../shared/messages.js';
import { digitIn, levelsIn, type Mix, STRIDE, T } from '../shared/noising.js';
import { type Event, LINK, type Moved, post } from './event.js';
import { type Film, withFrame } from './film.js';
import { draws, type Shipped } from './network.js';
import { mixture, type Noising, normals } from './noising.js';
import { choicesOf } from './query.js';

/** The ways back, by their place in the figure: the long one, the one with new noise, and some in other numbers of steps. */
export const WAYS = [
  { solver: 'ddim', steps: 20 },
  { solver: 'ancestral', steps: 20 },
  { solver: 'ddim', steps: 1 },
  { solver: 'ddim', steps: 2 },
  { solver: 'ddim', steps: 5 },
  { solver: 'ddim', steps: 50 },
] as const;

/** The last of the columns, which are moments of the long way. */
export const LAST = 10;

/** The guidance scale for a network that gets the class of the digit. */
export const SCALE = 2.5;

export interface Removing {
  /** A film for each way; null before the first request. */
  readonly films: readonly (Film | null)[];
  /** The column that is shown large. */
  readonly column: number;
  /** True if the network gets the class of the digit. */
  readonly byClass: boolean;
  readonly nextId: number;
}

export const untouched: Removing = { films: WAYS.map(() => null), column: 0, byClass: true, nextId: 0 };

/** The angle of a level: tan = σ/α, from 0 at the data to π/2 at noise alone. */
const angleOf = ({ alpha, sigma }: Mix): number => Math.atan2(sigma, alpha);

/** The level at a time of a path, between two entries of its table. */
export const levelAt = (levels: readonly Mix[], t: number): Mix => {
  const k = Math.min(levels.length - 2, Math.floor(t / STRIDE));
  const part = t / STRIDE - k;
  const between = (name: keyof Mix): number => (1 - part) * levels[k]![name] + part * levels[k + 1]![name];
  return { alpha: between('alpha'), sigma: between('sigma') };
};

/** The time of a path with the log-SNR of a level. */
export const timeOf = (levels: readonly Mix[], level: Mix): number => {
  const angle = angleOf(level);
  const after = levels.findIndex((one) => angleOf(one) >= angle);
  if (after === -1) return T;
  if (after === 0) return 0;
  const [low, high] = [angleOf(levels[after - 1]!), angleOf(levels[after]!)];
  return STRIDE * (after - 1 + (angle - low) / (high - low));
};

type Query = Pick<Noising, 'path' | 't'> & { readonly file: ArrayBuffer };

/** The time of x_t on the path of the network. */
export const networkTime = ({ file, path, t }: Query): number =>
  path === 'cosine' ? t : timeOf(levelsIn(file, 'cosine'), levelsIn(file, path)[t / STRIDE]!);

/**
 * The times of the columns on the path of the first figure. The network steps in equal times of its own path, the cosine, so another
 * path is read where it has the same log-SNR.
 */
export const timesOf = (query: Query) => {
  const { file, path, t } = query;
  const [own, network] = [levelsIn(file, path), levelsIn(file, 'cosine')];
  const first = networkTime(query);
  return Array.from({ length: LAST + 1 }, (_, k) =>
    k === 0 ? t : timeOf(own, levelAt(network, first * (1 - k / LAST))),
  );
};

/** The still of a column. */
export const stillOf = ({ stills, of }: Film, column: number) => stills[Math.round((column * of) / LAST)];

/** Requests all ways back from an x_t. The network's own path preserves the variance, so x is divided by √(α² + σ²). */
const asked = (state: Removing, { file, digit, seed, path, t }: Noising, network: Shipped): Moved<Removing> => {
  if (file === null || !draws(network)) return [state, []];
  if (t === 0) return [{ ...state, films: untouched.films }, []]; // nothing to remove
  const level = levelsIn(file, path)[t / STRIDE]!;
  const norm = Math.hypot(level.alpha, level.sigma);
  const x = mixture(digitIn(file, digit), normals(seed, AREA), level).map((n) => n / norm);
  const labels = [state.byClass ? digit : CLASSES];
  const requests = WAYS.map((way, part): Paint => ({
    _tag: 'Paint',
    id: state.nextId + part,
    purpose: 'removal',
    part,
    network: 'shipped',
    conditions: { label: labels },
    ...way,
    guidance: state.byClass ? SCALE : 1,
    seed,
    known: null,
    from: { x, sigma: level.sigma / level.alpha },
  }));
  const films = requests.map(({ id, steps }): Film => ({ id, labels, learned: 0, of: steps, stills: [] }));
  return [{ ...state, films, nextId: state.nextId + WAYS.length }, requests.map(post)];
};

/** The choices in a query. */
const choicesIn = (query: string): Partial<Removing> => {
  const { textOf, number } = choicesOf(query);
  const byClass = textOf('byClass');
  return {
    ...number('column', 'column', (n) => Number.isInteger(n) && n <= LAST),
    ...(byClass && { byClass: byClass !== 'no' }),
  };
};

/** The choices for the hash of the URL; nothing if they are those of a first visit. */
export const removingQuery = ({ column, byClass }: Removing): string =>
  column === 0 && byClass ? '' : `column=${column}&byClass=${byClass ? 'yes' : 'no'}`;

/** The figure after an event; `noising` and `network` are the states after it. */
export const removed = (state: Removing, event: Event, noising: Noising, network: Shipped): Moved<Removing> => {
  switch (event._tag) {
    case 'NoisingSet':
    case 'NoisingLoaded':
    case 'NetworkLoaded':
    case 'Begun':
      return asked(state, noising, network);
    case 'RemovingSet': {
      const chosen = { ...state, ...choicesIn(event.query) };
      const [next, effects] = chosen.byClass === state.byClass ? [chosen, []] : asked(chosen, noising, network);
      return [next, [...effects, LINK]];
    }
    case 'Frame': {
      if (event.purpose !== 'removal') return [state, []];
      const films = state.films.map((film) => (film?.id === event.id ? withFrame(film, event) : film));
      return [{ ...state, films }, []];
    }
    default:
      return [state, []];
  }
};

/**
 * The lines of noisefold that do it, for a digit `images` of `[1, 28, 28, 1]` in [-1, 1]: 20 steps from the time of the network, of
 * all that it would take from noise.
 */
export const codeOf = (digit: number, time: number, byClass: boolean): string => {
  const strength = Math.max(STRIDE, Math.round(time)) / T; // a strength of 0 is no change, so it begins at one stride
  return [
    'const { data } = await nf.run(sample(network, {',
    `  solver: ddim(), grid: ${Math.min(T, Math.round(20 / strength))}, from: { images, strength: ${strength} },`,
    byClass ? `  labels: [${digit}], guidance: cfg(${SCALE}), key: key(1),` : '  labels: [null], key: key(1),',
    '}))',
  ].join('\n');
};
