/** The figure "Add noise": a digit, noise, and their mix at a time of a path. */
import { DIGITS, type Mix, type PathName, PATHS, STRIDE, T } from '../shared/noising.js';
import { type Event, LINK, type Moved } from './event.js';
import { choicesOf } from './query.js';

/** The choices of the user, which a link states. */
interface Choice {
  readonly digit: number;
  /** The seed of the noise. */
  readonly seed: number;
  readonly path: PathName;
  /** The time, from the data at 0 to noise at T. */
  readonly t: number;
}

export interface Noising extends Choice {
  /** The milliseconds that time has gone to and fro; null while it rests. */
  readonly drift: number | null;
  /** True once the visitor or a link has set the time. */
  readonly isSet: boolean;
  /** The digits and levels; null until they are loaded. */
  readonly file: ArrayBuffer | null;
}

export const plain: Noising = { digit: 2, seed: 1, path: 'cosine', t: 400, drift: null, isSet: false, file: null };

/** A time of much noise. */
const MUCH = 900;

/** The duration of the way from the digit to noise and back, in milliseconds. */
const ROUND = 12_000;

/** The time while it goes to and fro. */
const timeAt = (drift: number): number => {
  const part = (drift / ROUND) % 1;
  return STRIDE * Math.round(((part < 0.5 ? 2 * part : 2 - 2 * part) * T) / STRIDE);
};

const drifting = (state: Noising): Noising => ({ ...state, drift: ((state.t / T) * ROUND) / 2 });

/** The choices in a query. */
export const choicesIn = (query: string): Partial<Choice> => {
  const { number, oneOf } = choicesOf(query);
  return {
    ...number('digit', 'digit', (n) => DIGITS.includes(n)),
    ...number('seed', 'seed', Number.isInteger),
    ...number('t', 't', (n) => n <= T && n % STRIDE === 0),
    ...oneOf('path', 'path', PATHS),
  };
};

export const noised = (state: Noising, event: Event): Moved<Noising> => {
  switch (event._tag) {
    case 'NoisingLoaded': {
      const loaded = { ...state, file: event.file };
      return [event.drifts ? drifting(loaded) : loaded, []];
    }
    case 'DriftStarted':
      return [drifting(state), []];
    case 'Ticked': {
      if (state.drift === null) return [state, []];
      const drift = state.drift + event.milliseconds;
      return [{ ...state, drift, t: timeAt(drift) }, []];
    }
    case 'NetworkWanted': // the way back is worth seeing from much noise
      return state.isSet ? [state, []] : [{ ...state, drift: null, t: MUCH }, [LINK]];
    case 'NoisingSet': {
      const choices = choicesIn(event.query);
      return [{ ...state, ...choices, drift: null, isSet: state.isSet || 't' in choices }, [LINK]];
    }
    default:
      return [state, []];
  }
};

/** The choices for the hash of the URL. */
export const noisingQuery = ({ digit, seed, path, t }: Choice): string =>
  `digit=${digit}&seed=${seed}&path=${path}&t=${t}`;

/**
 * Numbers from N(0, 1), by the transform of Box and Muller (1958) of a linear congruential generator (Press et al. 1992, section 7.1).
 * Those of noisefold are better, and take 2 kB more.
 */
export const normals = (seed: number, count: number): readonly number[] => {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
};

/** x_t = α·x₀ + σ·ε, of pixels that are bytes and mean [-1, 1]. DDPM (Ho et al. 2020), eq. 4. */
export const mixture = (x0: Uint8Array, noise: readonly number[], { alpha, sigma }: Mix): Float32Array<ArrayBuffer> =>
  Float32Array.from(noise, (epsilon, i) => alpha * (x0[i]! / 127.5 - 1) + sigma * epsilon);

/** {@link mixture} as pixels. */
export const mixed = (...args: Parameters<typeof mixture>): Uint8ClampedArray =>
  Uint8ClampedArray.from(mixture(...args), (x) => 127.5 * (x + 1));
