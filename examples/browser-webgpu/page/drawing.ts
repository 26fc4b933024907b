/** The digits that the network draws, and the way they came. */
import { CLASSES } from '../shared/extent.js';
import type { Paint } from '../shared/messages.js';
import { type Event, type Moved, post } from './event.js';
import { type Film, isDone, withFrame } from './film.js';

export interface Drawing {
  /** The classes that are drawn, rising; at least one. */
  readonly classes: readonly number[];
  readonly guidance: number;
  readonly steps: number;
  /** The same seed gives the same noise: one sees what the network has learned since. */
  readonly seed: number;
  /** Whether there is a network. */
  readonly ready: boolean;
  readonly shown: Film | null;
  /** What is being drawn; one that the training asked for is shown when it is done. */
  readonly coming: { readonly film: Film; readonly quietly: boolean } | null;
  /** Which still is shown; null is the last there is. */
  readonly index: number | null;
  readonly playing: boolean;
  /** Whether stills show x_t, or what the network makes of it. */
  readonly side: 'image' | 'guess';
  readonly hidden: boolean;
  /** How many updates the network has. */
  readonly learned: number;
  readonly nextId: number;
  /** Milliseconds of training since the last drawing was begun, and what it took. */
  readonly trained: number;
  readonly took: number;
}

export const blank: Drawing = {
  classes: Array.from({ length: CLASSES }, (_, label) => label),
  guidance: 2.5,
  steps: 20,
  seed: 1,
  ready: false,
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

/** How many digits are drawn at a time. */
export const COUNT = 10;

/** At least so many milliseconds of training lie between two drawings of their own, and so many times what one takes. */
const LEAST = 1500;
const PATIENCE = 4;

/** How long a film is played, in milliseconds. */
const PLAYED = 4000;

/** A class for each digit, rising, each chosen one as often as can be. */
export const labelsOf = (classes: readonly number[]): readonly number[] =>
  Array.from({ length: COUNT }, (_, i) => classes[Math.floor((i * classes.length) / COUNT)]!);

/** The number of the still that is shown. */
export const indexOf = ({ shown, index }: Pick<Drawing, 'shown' | 'index'>): number => {
  const last = Math.max(0, (shown?.stills.length ?? 0) - 1);
  return index === null ? last : Math.min(Math.floor(index), last);
};

/** Asks for a drawing, if somebody sees it; what was being drawn is dropped. */
const drawn = (state: Drawing, quietly: boolean): Moved<Drawing> => {
  if (!state.ready || state.hidden) return [state, []];
  const { nextId: id, steps, guidance, seed } = state;
  const labels = labelsOf(state.classes);
  const request: Paint = {
    _tag: 'Paint',
    id,
    purpose: 'drawing',
    labels,
    steps,
    guidance,
    seed,
    known: null,
  };
  const film: Film = { id, labels, learned: state.learned, of: steps, stills: [] };
  return [
    { ...state, nextId: id + 1, coming: { film, quietly }, trained: 0, playing: false },
    [post(request)],
  ];
};

/** Whether the training has gone on for long enough to look again; not while somebody looks at how it came. */
const isDue = ({ coming, index, playing, trained, took }: Drawing): boolean =>
  coming === null && index === null && !playing && trained >= Math.max(LEAST, PATIENCE * took);

const played = (state: Drawing, milliseconds: number): Drawing => {
  const { shown, index, playing } = state;
  if (!playing || shown === null) return state;
  const last = shown.stills.length - 1;
  const next = (index ?? 0) + (milliseconds * last) / PLAYED;
  return next >= last ? { ...state, playing: false, index: null } : { ...state, index: next };
};

export const drew = (state: Drawing, event: Event): Moved<Drawing> => {
  switch (event._tag) {
    case 'Begun':
      return drawn({ ...state, ready: true, shown: null, index: null, took: 0, learned: event.step }, false);
    case 'Opened':
      return [{ ...state, ready: false, coming: null, steps: event.settings.steps }, []];
    case 'Crashed':
    case 'Lost':
      return [{ ...state, ready: false, coming: null }, []];
    case 'Stepped': {
      const later = { ...state, learned: event.step + 1, trained: state.trained + event.milliseconds };
      return isDue(later) ? drawn(later, true) : [later, []];
    }
    case 'Rested':
      return state.index === null ? drawn(state, state.coming?.quietly ?? true) : [state, []];
    case 'Hid': {
      const seen = { ...state, hidden: event.hidden };
      return state.shown?.learned === state.learned ? [seen, []] : drawn(seen, state.shown !== null);
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
    case 'ClassToggled': {
      const has = state.classes.includes(event.label);
      const classes = has
        ? state.classes.filter((label) => label !== event.label)
        : [...state.classes, event.label].toSorted((a, b) => a - b);
      // of all classes a click chooses one; the last one stays
      const chosen =
        state.classes.length === CLASSES ? [event.label] : classes.length === 0 ? state.classes : classes;
      return drawn({ ...state, classes: chosen }, false);
    }
    case 'AllClassesPressed':
      return drawn({ ...state, classes: blank.classes }, false);
    case 'GuidanceSet':
      return drawn({ ...state, guidance: event.guidance }, false);
    case 'StepsSet':
      return drawn({ ...state, steps: event.steps }, false);
    case 'DrawPressed':
      return drawn({ ...state, seed: state.seed + 1 }, false);
    case 'Scrubbed':
      return [
        { ...state, playing: false, index: event.index >= (state.shown?.of ?? 0) ? null : event.index },
        [],
      ];
    case 'PlayToggled':
      return state.shown === null || !isDone(state.shown)
        ? [state, []]
        : [
            { ...state, playing: !state.playing, index: state.playing ? state.index : (state.index ?? 0) },
            [],
          ];
    case 'Ticked':
      return [played(state, event.milliseconds), []];
    case 'SideChosen':
      return [{ ...state, side: event.side }, []];
    default:
      return [state, []];
  }
};
