/** A morph between two digits: both are taken back to their noise, and digits are drawn from noises between. */
import { AREA, CLASSES } from '../shared/extent.js';
import type { Paint } from '../shared/messages.js';
import { digitIn, DIGITS } from '../shared/noising.js';
import { type Event, LINK, type Moved, post } from './event.js';
import { type Film, withFrame } from './film.js';
import { chosenDraws, type Shipped } from './network.js';
import type { Noising } from './noising.js';
import { choicesOf } from './query.js';

/** The number of digits, with the two ends. */
export const BETWEEN = 9;

/** The number of steps each way. */
export const STEPS = 20;

export interface Morph {
  /** The classes of the ends, which are digits of the first figure. */
  readonly from: number;
  readonly to: number;
  /** The id of the request for the noises of both ends; null before it and after its answer. */
  readonly encoding: number | null;
  readonly film: Film | null;
  readonly nextId: number;
}

export const still: Morph = { from: 3, to: 8, encoding: null, film: null, nextId: 0 };

/** The point at a weight on the great circle from `a` to `b` (Shoemake 1985). */
export const slerp = (a: Float32Array, b: Float32Array, weight: number): Float32Array => {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, n, i) => sum + n * y[i]!, 0);
  const theta = Math.acos(Math.min(1, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))));
  if (theta < 1e-3) return a; // the same digit
  const [left, right] = [Math.sin((1 - weight) * theta) / Math.sin(theta), Math.sin(weight * theta) / Math.sin(theta)];
  return a.map((n, i) => left * n + right * b[i]!);
};

const request = (
  id: number,
  network: Shipped,
  count: number,
  change: Pick<Paint, 'part' | 'solver' | 'from'>,
): Paint => ({
  ...{ _tag: 'Paint', id, purpose: 'morph', network: network.chosen, steps: STEPS, guidance: 1, seed: 0, known: null },
  conditions: { label: Array.from({ length: count }, () => CLASSES) }, // a class would pull both ends to one digit
  ...change,
});

/** Requests the noises of both ends, by the inversion of DDIM (Song et al. 2021, section 4.3). */
const encoded = (state: Morph, network: Shipped, { file }: Noising): Moved<Morph> => {
  if (file === null || !chosenDraws(network)) return [state, []];
  const x = new Float32Array(2 * AREA);
  [state.from, state.to].forEach((digit, i) =>
    x.set(
      Float32Array.from(digitIn(file, digit), (ink) => ink / 127.5 - 1),
      i * AREA,
    ),
  );
  const paint = request(state.nextId, network, 2, { part: 0, solver: 'inversion', from: { x, sigma: 0 } });
  return [{ ...state, encoding: paint.id, nextId: paint.id + 1 }, [post(paint)]];
};

/** Requests the digits from noises between those of the ends. */
const decoded = (state: Morph, network: Shipped, ends: Float32Array): Moved<Morph> => {
  const [a, b] = [ends.subarray(0, AREA), ends.subarray(AREA)];
  const x = new Float32Array(BETWEEN * AREA);
  for (let i = 0; i < BETWEEN; i++) x.set(slerp(a, b, i / (BETWEEN - 1)), i * AREA);
  const paint = request(state.nextId, network, BETWEEN, { part: 1, solver: 'ddim', from: { x, sigma: Infinity } });
  const film: Film = { id: paint.id, labels: [], learned: 0, of: STEPS, stills: [] };
  return [{ ...state, encoding: null, film, nextId: paint.id + 1 }, [post(paint)]];
};

const endIn = (query: string, end: 'from' | 'to'): Partial<Morph> =>
  choicesOf(query).number(end, end, (n) => DIGITS.includes(n));

/** The ends for the hash of the URL; nothing if they are those of a first visit. */
export const morphQuery = ({ from, to }: Morph): string =>
  from === still.from && to === still.to ? '' : `from=${from}&to=${to}`;

/** The morph after an event; the other states are those after it. */
export const morphed = (state: Morph, event: Event, network: Shipped, noising: Noising): Moved<Morph> => {
  switch (event._tag) {
    case 'MorphSet':
      return [{ ...state, ...endIn(event.query, 'from'), ...endIn(event.query, 'to') }, [LINK]];
    case 'MorphPressed':
      return encoded(state, network, noising);
    case 'Painted':
      return event.purpose === 'morph' && event.id === state.encoding ? decoded(state, network, event.x) : [state, []];
    case 'Frame':
      return event.purpose === 'morph' && state.film !== null
        ? [{ ...state, film: withFrame(state.film, event) }, []]
        : [state, []];
    default:
      return [state, []];
  }
};

/** The lines of noisefold of the last figure, for `images` of `[2, 28, 28, 1]` in [-1, 1]; the labels of a morph are `null`. */
export const codeOf = `// image to image: noise up to 50 % of the way, and back
const changed = await nf.run(sample(network, { ...settings, from: { images, strength: 0.5 }, key: key(1) }))
// repair: the pixels where the mask is 1 stay
const filled = await nf.run(sample(network, { ...settings, known: { images, mask }, key: key(2) }))
// morph: from two digits to their noises, and back from noises between
const noise = await nf.run(encode(network, { images, grid: 20, labels }))
const digits = await nf.run(sample(network, { solver: ddim(), grid: 20, labels, from: { noise }, key: key(3) }))`;
