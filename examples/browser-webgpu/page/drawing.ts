/** The digits that the network draws, and their film. */
import { CLASSES } from '../shared/extent.js';
import { MOST_STEPS } from '../shared/settings.js';
import type { Paint } from '../shared/messages.js';
import { type Event, LINK, type Moved, post } from './event.js';
import { type Film, isDone, withFrame } from './film.js';
import { chosenDraws, type Shipped } from './network.js';
import { choicesOf } from './query.js';

export interface Drawing {
  /** The chosen classes in rising order; at least one. */
  readonly classes: readonly number[];
  readonly guidance: number;
  readonly steps: number;
  /** The seed of the noise. It stays the same, so that the progress is visible. */
  readonly seed: number;
  /** True if the network that draws is ready, and which one it is. */
  readonly ready: boolean;
  readonly network: Paint['network'];
  readonly shown: Film | null;
  /** The drawing in progress; automatic ones are shown when complete. */
  readonly coming: { readonly film: Film; readonly quietly: boolean } | null;
  /** The visible still; null for the last one. */
  readonly index: number | null;
  readonly playing: boolean;
  /** Stills show x_t or x̂₀. */
  readonly side: 'image' | 'guess';
  readonly hidden: boolean;
  /** The number of updates of the network. */
  readonly learned: number;
  readonly nextId: number;
  /** The milliseconds of training since the start of the last drawing, and its duration. */
  readonly trained: number;
  readonly took: number;
}

export const blank: Drawing = {
  classes: Array.from({ length: CLASSES }, (_, label) => label),
  guidance: 2.5,
  steps: 20,
  seed: 1,
  ready: false,
  network: 'shipped',
  shown: null,
  coming: null,
  index: null,
  playing: false,
  side: 'image',
  hidden: false,
  learned: 0,
  nextId: 0,
  trained: 0,
  took: 0,
};

/** The number of digits per drawing. */
export const COUNT = 10;

/** The largest scale of guidance. */
export const MOST_GUIDANCE = 6;

/** The minimum training time between two automatic drawings, in milliseconds and in durations of a drawing. */
const LEAST = 1500;
const PATIENCE = 4;

/** The duration of playback, in milliseconds. */
const PLAYED = 4000;

/** The class of each digit, in rising order, evenly distributed over the chosen classes. */
export const labelsOf = (classes: readonly number[]): readonly number[] =>
  Array.from({ length: COUNT }, (_, i) => classes[Math.floor((i * classes.length) / COUNT)]!);

/** The index of the visible still. */
export const indexOf = ({ shown, index }: Pick<Drawing, 'shown' | 'index'>): number => {
  const last = Math.max(0, (shown?.stills.length ?? 0) - 1);
  return index === null ? last : Math.min(Math.floor(index), last);
};

/** The choices in a query. */
const choicesIn = (query: string): Partial<Drawing> => {
  const { textOf, number } = choicesOf(query);
  const classes = [...new Set(textOf('classes'))].map(Number).toSorted((a, b) => a - b);
  return {
    ...number('guidance', 'scale', (n) => n <= MOST_GUIDANCE),
    ...number('steps', 'steps', (n) => Number.isInteger(n) && n >= 1 && n <= MOST_STEPS),
    ...number('seed', 'drawSeed', Number.isInteger),
    ...(classes.length > 0 && classes.every(Number.isInteger) && { classes }),
  };
};

const queryOf = ({ guidance, steps, seed, classes }: Drawing): string =>
  `scale=${guidance}&steps=${steps}&drawSeed=${seed}&classes=${classes.join('')}`;

/** The choices for the hash of the URL; nothing if they are those of a first visit. */
export const drawingQuery = (state: Drawing): string => {
  const query = queryOf(state);
  return query === queryOf(blank) ? '' : query;
};

/** A drawing by other choices, which the link states. */
const choose = (state: Drawing): Moved<Drawing> => {
  const [next, effects] = draw(state, false);
  return [next, [...effects, LINK]];
};

/** Requests a drawing if the page is visible, and drops the one in progress. */
const draw = (state: Drawing, quietly: boolean): Moved<Drawing> => {
  if (!state.ready || state.hidden) return [state, []];
  const { nextId: id, steps, guidance, seed } = state;
  const labels = labelsOf(state.classes);
  const request: Paint = {
    _tag: 'Paint',
    id,
    purpose: 'drawing',
    conditions: { label: labels },
    steps,
    guidance,
    seed,
    part: 0,
    network: state.network,
    solver: 'ddim',
    known: null,
    from: null,
  };
  const film: Film = { id, labels, learned: state.learned, of: steps, stills: [] };
  return [{ ...state, nextId: id + 1, coming: { film, quietly }, trained: 0, playing: false }, [post(request)]];
};

/** Tests whether an automatic drawing is due; never while the user scrubs. */
const isDue = ({ coming, index, playing, trained, took }: Drawing): boolean =>
  coming === null && index === null && !playing && trained >= Math.max(LEAST, PATIENCE * took);

const played = (state: Drawing, milliseconds: number): Drawing => {
  const { shown, index, playing } = state;
  if (!playing || shown === null) return state;
  const last = shown.stills.length - 1;
  const next = (index ?? 0) + (milliseconds * last) / PLAYED;
  return next >= last ? { ...state, playing: false, index: null } : { ...state, index: next };
};

/** The drawing after an event; `network` is its state after the event. */
export const drew = (before: Drawing, event: Event, network: Shipped): Moved<Drawing> => {
  const ready = chosenDraws(network);
  const isSame = before.ready === ready && before.network === network.chosen;
  if (isSame && !(event._tag === 'NetworkLoaded' && before.network === 'shipped')) return drewWith(before, event);
  const state: Drawing = { ...before, ready, network: network.chosen };
  return ready && event._tag !== 'Begun'
    ? draw({ ...state, shown: null, index: null }, false) // by another network
    : drewWith(state, event);
};

const drewWith = (state: Drawing, event: Event): Moved<Drawing> => {
  switch (event._tag) {
    case 'Begun':
      return draw({ ...state, shown: null, index: null, took: 0, learned: event.step }, false);
    case 'Opened':
      return [{ ...state, coming: null, steps: event.settings.steps }, []];
    case 'Crashed':
    case 'Lost':
      return [{ ...state, coming: null }, []];
    case 'Stepped': {
      const later = { ...state, learned: event.step + 1, trained: state.trained + event.milliseconds };
      return state.network === 'own' && isDue(later) ? draw(later, true) : [later, []];
    }
    case 'Rested':
      return state.network === 'own' && state.index === null ? draw(state, state.coming?.quietly ?? true) : [state, []];
    case 'Hid': {
      const seen = { ...state, hidden: event.hidden };
      return state.shown?.learned === state.learned ? [seen, []] : draw(seen, state.shown !== null);
    }
    case 'Frame': {
      if (event.purpose !== 'drawing' || state.coming?.film.id !== event.id) return [state, []];
      const film = withFrame(state.coming.film, event);
      const coming = { ...state.coming, film };
      const shows = !coming.quietly || isDone(film);
      return [
        {
          ...state,
          coming,
          ...(shows ? { shown: film } : {}),
          ...(shows && film.stills.length === 1 ? { index: null } : {}),
        },
        [],
      ];
    }
    case 'Painted':
      return event.purpose === 'drawing' && event.id === state.coming?.film.id
        ? [{ ...state, coming: null, took: event.milliseconds }, []]
        : [state, []];
    case 'Dropped':
      return event.purpose === 'drawing' && event.id === state.coming?.film.id
        ? [{ ...state, coming: null }, []]
        : [state, []];
    case 'Failed':
      return [event.doing === 'drawing' ? { ...state, coming: null } : state, []];
    case 'DrawingSet': {
      const choices = choicesIn(event.query);
      return Object.keys(choices).length === 0 ? [state, []] : choose({ ...state, ...choices });
    }
    case 'ClassToggled': {
      const has = state.classes.includes(event.label);
      const toggled = has
        ? state.classes.filter((label) => label !== event.label)
        : [...state.classes, event.label].toSorted((a, b) => a - b);
      // if all are chosen, a click selects one; the last one stays
      const classes = state.classes.length === CLASSES ? [event.label] : toggled.length === 0 ? state.classes : toggled;
      return choose({ ...state, classes });
    }
    case 'AllClassesPressed':
      return choose({ ...state, classes: blank.classes });
    case 'GuidanceSet':
      return choose({ ...state, guidance: event.guidance });
    case 'StepsSet':
      return choose({ ...state, steps: event.steps });
    case 'DrawPressed':
      return choose({ ...state, seed: state.seed + 1 });
    case 'Scrubbed':
      return [{ ...state, playing: false, index: event.index >= (state.shown?.of ?? 0) ? null : event.index }, []];
    case 'PlayToggled':
      return state.shown === null || !isDone(state.shown)
        ? [state, []]
        : [{ ...state, playing: !state.playing, index: state.playing ? state.index : (state.index ?? 0) }, []];
    case 'Ticked':
      return [played(state, event.milliseconds), []];
    case 'SideChosen':
      return [{ ...state, side: event.side }, []];
    default:
      return [state, []];
  }
};
