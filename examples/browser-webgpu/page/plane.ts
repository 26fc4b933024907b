/** The figure "Plot it": points, a network that learns them, and films of dots on their way to them. */
import { fromText, toText } from '../shared/base64.js';
import type { Plane as Request, Report } from '../shared/messages.js';
import {
  ARROWS,
  DOTS,
  MOST_POINTS,
  PLANE_PATHS,
  type PlaneChoice,
  type Prediction,
  PREDICTIONS,
  type ShapeName,
  SHAPES,
  STEP_COUNTS,
  UPDATES,
} from '../shared/plane.js';
import { type Effect, type Event, LINK, type Moved } from './event.js';
import type { Cell } from './mask.js';
import { choicesOf } from './query.js';

type Film = Extract<Report, { readonly _tag: 'PlaneFilm' }>;

/** A film, and the share of its dots that end near a point. */
export interface Shown extends Film {
  readonly share: number;
}

export interface Plane extends PlaneChoice {
  /** The preset of the points; null for a drawing. */
  readonly shape: ShapeName | null;
  /** x and y of each point, as bytes that mean [-1, 1]; y points up. */
  readonly points: Uint8Array<ArrayBuffer>;
  /** The seed of the network and of the noise. */
  readonly seed: number;
  /** The visible step of the films, from noise at 0; between two steps while they play. */
  readonly at: number;
  readonly playing: boolean;
  /** True if the pointer draws, and the position of the brush of the keyboard. */
  readonly drawing: boolean;
  readonly cursor: Cell;
  /** True while the figure is in view: its films and its training rest elsewhere. */
  readonly inView: boolean;
  /** True once the figure was in view: then it has a worker. */
  readonly seen: boolean;
  /** True if the network trains, or would once the figure is in view. */
  readonly learning: boolean;
  /** The number of trainings before this one. */
  readonly training: number;
  /** The latest films; those of another training or another number of steps are old. */
  readonly exact: Shown | null;
  readonly learned: Shown | null;
}

/** The number of points of a preset. */
const COUNT = 48;

const TURN = 2 * Math.PI;
const around = (angle: number, radius: number, x = 0, y = 0) =>
  [x + radius * Math.cos(angle), y + radius * Math.sin(angle)] as const;

/** Point i of each preset, in [-1, 1]². */
const shapes: Readonly<Record<ShapeName, (i: number) => readonly [number, number]>> = {
  spiral: (i) => spiral((i / (COUNT - 1)) ** 0.6), // about evenly along the curve
  ring: (i) => around((TURN * i) / COUNT, 0.7),
  moons: (i) => {
    const angle = (Math.PI * Math.floor(i / 2)) / (COUNT / 2 - 1);
    return i % 2 === 0 ? around(angle, 0.6, -0.3, -0.15) : around(-angle, 0.6, 0.3, 0.15);
  },
  blobs: (i) => {
    const [x, y] = around(TURN * (0.25 + (i % 3) / 3), 0.6);
    return around(2.4 * i, 0.17 * Math.sqrt(i / COUNT), x, y);
  },
};

/** A point of the spiral, from its middle at 0 to its end at 1. */
export const spiral = (u: number) => around(9.5 * u, 0.1 + 0.8 * u);

/** The points of a preset. */
export const pointsOf = (shape: ShapeName): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Array.from({ length: COUNT }, (_, i) => shapes[shape](i)).flat(), (x) => Math.round(127.5 * (x + 1)));

export const firstPlane: Plane = {
  shape: 'spiral',
  points: pointsOf('spiral'),
  path: 'cosine',
  predicts: 'v',
  steps: 25,
  seed: 1,
  at: 25,
  playing: false,
  drawing: false,
  cursor: { x: 128, y: 128 },
  inView: false,
  seen: false,
  learning: true,
  training: 0,
  exact: null,
  learned: null,
};

/** The choices in a query. */
const choicesIn = (query: string, { path: before, steps: count }: Plane): Partial<Plane> => {
  const { textOf, number, oneOf } = choicesOf(query);
  const [path, steps] = [oneOf('path', 'pointPath', PLANE_PATHS), oneOf('steps', 'pointSteps', STEP_COUNTS)];
  const most = steps.steps ?? count;
  const at = number('at', 'pointAt', (n) => Number.isInteger(n) && n <= most);
  const points = textOf('points') === 'drawn' ? fromText(textOf('drawn')) : null;
  const isDrawing = points !== null && points.length > 0 && points.length % 2 === 0 && points.length <= 2 * MOST_POINTS;
  return {
    ...oneOf('shape', 'points', SHAPES),
    ...(isDrawing && { shape: null, points }),
    ...path,
    ...oneOf<'predicts', Prediction>('predicts', 'predicts', PREDICTIONS[path.path ?? before]),
    ...steps,
    ...number('seed', 'pointSeed', Number.isInteger),
    ...(at.at !== undefined && { ...at, playing: false }),
  };
};

const queryOf = ({ shape, points, path, predicts, steps, seed, at, playing }: Plane): string =>
  `points=${shape ?? 'drawn'}&pointPath=${path}&predicts=${predicts}&pointSteps=${steps}&pointSeed=${seed}&pointAt=${playing ? steps : Math.floor(at)}${shape === null ? `&drawn=${toText(points)}` : ''}`;

/** The choices for the hash of the URL; nothing if they are those of a first visit. */
export const planeQuery = (state: Plane): string => {
  const query = queryOf(state);
  return query === queryOf(firstPlane) ? '' : query;
};

/** Asks the worker for what the state shows, once there is one. */
const asked = (state: Plane): readonly Effect[] => {
  const { training, points, path, predicts, steps, seed, seen, learning, inView } = state;
  const until = learning && inView ? UPDATES : 0;
  const request: Request = { _tag: 'Plane', training, points, path, predicts, steps, seed, until };
  return seen && points.length > 0 ? [{ _tag: 'PostPlane', request }] : [];
};

/** A new training, on what is chosen now. */
const anew = (state: Plane): Moved<Plane> => {
  const next = { ...state, training: state.training + 1, learning: true };
  return [next, [...asked(next), LINK]];
};

const set = (state: Plane, query: string): Moved<Plane> => {
  const choices = choicesIn(query, state);
  const merged = { ...state, ...choices };
  const allowed: readonly string[] = PREDICTIONS[merged.path];
  const next: Plane = {
    ...merged,
    predicts: allowed.includes(merged.predicts) ? merged.predicts : PREDICTIONS[merged.path][0],
    ...(choices.shape && choices.shape !== state.shape && { points: pointsOf(choices.shape), drawing: false }),
    ...(merged.steps !== state.steps && choices.at === undefined && { at: merged.steps }),
  };
  const learnsOther = (['points', 'path', 'predicts', 'seed'] as const).some((key) => next[key] !== state[key]);
  if (learnsOther) return anew(next);
  return [next, next.steps === state.steps ? [LINK] : [...asked(next), LINK]];
};

/** The distance of two points of a stroke, in bytes: 0.06 of the plane. */
const APART = 8;
const inside = (n: number): number => Math.min(255, Math.max(0, Math.round(n)));

/** A point of a stroke, unless it is close to another one. */
const pointed = (state: Plane, { x, y }: Cell): Plane => {
  const { points } = state;
  const [px, py] = [inside(x), inside(y)];
  const isClose = points.some((_, i) => i % 2 === 0 && Math.hypot(points[i]! - px, points[i + 1]! - py) < APART);
  return isClose || points.length >= 2 * MOST_POINTS
    ? state
    : { ...state, shape: null, points: Uint8Array.of(...points, px, py) };
};

/** The duration of the films, and of the rest at their end, in milliseconds. */
const [PLAYED, REST] = [3500, 1500];

/** Tests whether the films move. */
export const plays = ({ playing, inView }: Plane): boolean => playing && inView;

const played = (state: Plane, milliseconds: number): Plane => {
  const { at, steps } = state;
  const next = at + (milliseconds * steps) / PLAYED;
  return plays(state) ? { ...state, at: next > steps * (1 + REST / PLAYED) ? 0 : next } : state;
};

export const planed = (state: Plane, event: Event): Moved<Plane> => {
  switch (event._tag) {
    case 'PlaneInView': {
      const { inView, still } = event;
      const begins = inView && !state.seen && { seen: true, playing: !still && state.at === state.steps };
      const next = { ...state, inView, ...begins };
      return [next, inView !== state.inView && state.learning ? asked(next) : []];
    }
    case 'PlaneSet':
      return set(state, event.query);
    case 'PlanePlayToggled': {
      const at = Math.min(state.at, state.steps);
      const next = { ...state, playing: !state.playing, at: state.playing ? at : at % state.steps };
      return [next, [LINK]];
    }
    case 'PlaneTrainPressed': {
      if (isTrained(state)) return anew({ ...state, seen: true, inView: true, seed: state.seed + 1 });
      // it begins by itself, so a press before the first picture means: begin
      if (state.seen && state.learning && state.learned === null) return [state, []];
      const next = { ...state, seen: true, inView: true, learning: !state.seen || !state.learning };
      return [next, asked(next)];
    }
    case 'PlaneBrushToggled': {
      const { drawing, points, training } = state;
      if (drawing) return points.length === 0 ? set(state, 'points=spiral') : [{ ...state, drawing: false }, []];
      return [{ ...state, drawing: true, shape: null, points: new Uint8Array(), training: training + 1 }, []];
    }
    case 'PlanePointed':
      return [state.drawing ? pointed(state, event.to) : state, []];
    case 'PlaneStroked':
      return state.drawing && state.points.length > 0 ? anew(state) : [state, []];
    case 'PlaneCursorMoved': {
      const { x, y } = state.cursor;
      return [{ ...state, cursor: { x: inside(x + event.by.x), y: inside(y + event.by.y) } }, []];
    }
    case 'PlaneCursorUsed':
      return anew(pointed({ ...state, drawing: true }, state.cursor));
    case 'Ticked':
      return [played(state, event.milliseconds), []];
    case 'PlaneFilm':
      return [
        isCurrent(state, event) ? { ...state, [event.of]: { ...event, share: shareNear(event, state.points) } } : state,
        [],
      ];
    case 'Failed':
      return [event.doing === 'plane' ? { ...state, learning: false } : state, []];
    default:
      return [state, []];
  }
};

/** Tests whether a film is of the present choices. */
export const isCurrent = <F extends Film>({ training, steps }: Plane, film: F | null): film is F =>
  film !== null && film.training === training && film.steps === steps;

/** The number of updates of the network. */
export const updatesOf = (state: Plane): number =>
  state.learned?.training === state.training ? state.learned.updates : 0;

export const isTrained = (state: Plane): boolean => updatesOf(state) >= UPDATES;

/** The step of a film that is visible. */
export const stepOf = ({ at, steps }: Plane, film: Film): number =>
  Math.min(film.steps, Math.floor((at * film.steps) / steps));

/** The numbers of a step: x_t and x̂₀ of the dots, and x̂₀ of the arrows. */
export const ROW = 2 * (2 * DOTS + ARROWS ** 2);

/** The index in a film at which the dots of a step begin. The last step has only x̂₀, the places where they end. */
export const dotsAt = ({ steps }: Film, step: number): number =>
  step < steps ? step * ROW : (steps - 1) * ROW + 2 * DOTS;

/** Points in [-1, 1] from their bytes. */
export const placesOf = (points: Uint8Array): readonly number[] => Array.from(points, (byte) => byte / 127.5 - 1);

/** The distance of a dot that is near a point: about that of two neighbours on the spiral, so it includes the curve between. */
export const NEAR = 0.1;

/** The share of the dots that end near a point. */
const shareNear = (film: Film, points: Uint8Array): number => {
  const places = placesOf(points);
  const ends = film.frames.subarray(dotsAt(film, film.steps)).subarray(0, 2 * DOTS);
  const isNear = (x: number, y: number): boolean =>
    places.some((px, j) => j % 2 === 0 && Math.hypot(px - x, places[j + 1]! - y) < NEAR);
  return ends.filter((x, i) => i % 2 === 0 && isNear(x, ends[i + 1]!)).length / DOTS;
};
