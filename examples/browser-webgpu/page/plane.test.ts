import { describe, expect, test } from 'vitest';
import {
  ALL_PREDICTIONS,
  ARROWS,
  DOTS,
  MOST_POINTS,
  PLANE_PATHS,
  PREDICTIONS,
  SHAPES,
  UPDATES,
} from '../shared/plane.js';
import type { Report } from '../shared/messages.js';
import type { Event } from './event.js';
import { dotsAt, firstPlane, isCurrent, type Plane, placesOf, planed, planeQuery, plays, pointsOf, ROW, spiral, stepOf, updatesOf } from './plane.js'; // oxfmt-ignore

const after = (state: Plane, ...events: readonly Event[]): Plane =>
  events.reduce((before, event) => planed(before, event)[0], state);
const set = (query: string, state = firstPlane) => planed(state, { _tag: 'PlaneSet', query });
const requestsOf = (state: Plane, event: Event) =>
  planed(state, event)[1].flatMap((effect) => (effect._tag === 'PostPlane' ? [effect.request] : []));

const seen = after(firstPlane, { _tag: 'PlaneInView', inView: true, still: true });

type Film = Extract<Report, { readonly _tag: 'PlaneFilm' }>;
const film = (parts: Partial<Film>): Film => ({
  _tag: 'PlaneFilm',
  of: 'learned',
  training: 0,
  updates: 100,
  milliseconds: 7,
  steps: 25,
  levels: [],
  frames: new Float32Array(25 * ROW),
  ...parts,
});

describe('the presets', () => {
  test.each(SHAPES)('are 48 different points of the plane: %s', (shape) => {
    const places = placesOf(pointsOf(shape));
    const pairs = new Set(Array.from({ length: 48 }, (_, i) => `${places.slice(2 * i, 2 * i + 2)}`));
    expect([places.length, pairs.size]).toEqual([96, 48]);
  });

  test('have points on the curves that they are named after, within half a byte', () => {
    const halfByte = Math.hypot(1, 1) / 255;
    const off = (shape: 'ring' | 'spiral', distance: (x: number, y: number) => number): number => {
      const places = placesOf(pointsOf(shape));
      return Math.max(...Array.from({ length: 48 }, (_, i) => distance(places[2 * i]!, places[2 * i + 1]!)));
    };
    expect(off('ring', (x, y) => Math.abs(Math.hypot(x, y) - 0.7))).toBeLessThan(halfByte);
    const curve = Array.from({ length: 10_000 }, (_, i) => spiral(i / 9999));
    const toCurve = (x: number, y: number) => Math.min(...curve.map(([a, b]) => Math.hypot(a - x, b - y)));
    expect(off('spiral', toCurve)).toBeLessThan(halfByte + 0.001);
  });
});

describe('the choices', () => {
  const valid = 'points=moons&pointPath=linear&predicts=x0&pointSteps=5&pointSeed=9&pointAt=3';

  test('stand in the hash of the URL, which gives the same figure', () => {
    const [state] = set(valid);
    expect(state).toMatchObject({ shape: 'moons', path: 'linear', predicts: 'x0', steps: 5, seed: 9, at: 3 });
    expect(planeQuery(state)).toBe(valid);
    expect(set(planeQuery(state))[0]).toMatchObject({ shape: 'moons', steps: 5, at: 3, seed: 9 });
    expect([planeQuery(firstPlane), planeQuery(seen)]).toEqual(['', '']); // those of a first visit
  });

  test.each([
    ['points=square', 'points'],
    ['pointPath=toString', 'pointPath'],
    ['predicts=velocity', 'predicts'],
    ['pointSteps=3', 'pointSteps'],
    ['pointSeed=-1', 'pointSeed'],
    ['pointAt=6', 'pointAt'],
    ['pointAt=1.5', 'pointAt'],
  ])('are dropped one by one if they are invalid: %s', (wrong, name) => {
    const others = valid.split('&').filter((part) => !part.startsWith(`${name}=`));
    const [state] = set([...others, wrong].join('&'));
    const left = {
      points: 'spiral',
      pointPath: 'cosine',
      predicts: 'v',
      pointSteps: '25',
      pointSeed: '1',
      pointAt: '5',
    };
    const parts = valid.split('&').map((part) => part.split('='));
    const expected = parts.map(([key, value]) => `${key}=${key === name ? left[key as keyof typeof left] : value}`);
    expect(planeQuery(state)).toBe(expected.join('&'));
  });

  test.each(PLANE_PATHS)('have a prediction that the path %s allows, whatever was chosen before', (path) => {
    for (const predicts of ALL_PREDICTIONS)
      for (const before of PLANE_PATHS) {
        const chosen = after(set(`pointPath=${before}&predicts=${predicts}`)[0], { _tag: 'PlaneSet', query: `pointPath=${path}` }); // oxfmt-ignore
        expect(PREDICTIONS[path]).toContain(chosen.predicts);
      }
  });

  test('begin another training if the network has to learn something else, and only then', () => {
    for (const query of ['points=ring', 'pointPath=linear', 'predicts=epsilon', 'pointSeed=4'])
      expect(requestsOf(seen, { _tag: 'PlaneSet', query })).toMatchObject([{ training: 1, until: UPDATES }]);
    expect(requestsOf(seen, { _tag: 'PlaneSet', query: 'pointSteps=5' })).toMatchObject([{ training: 0, steps: 5 }]);
    for (const query of ['pointAt=7', 'points=spiral', ''])
      expect(requestsOf(seen, { _tag: 'PlaneSet', query })).toEqual([]);
  });
});

describe('the worker', () => {
  test('gets no request before the figure is in view, and one then', () => {
    expect(requestsOf(firstPlane, { _tag: 'PlaneSet', query: 'points=ring' })).toEqual([]);
    expect(requestsOf(firstPlane, { _tag: 'PlaneInView', inView: true, still: false })).toMatchObject([
      { predicts: 'v', until: UPDATES },
    ]);
    expect(requestsOf(seen, { _tag: 'PlaneInView', inView: true, still: false })).toEqual([]);
  });

  test('pauses, resumes, and begins again with another seed when it has finished', () => {
    const press: Event = { _tag: 'PlaneTrainPressed' };
    expect(requestsOf(firstPlane, press)).toMatchObject([{ until: UPDATES }]);
    expect(requestsOf(seen, press)).toEqual([]); // it begins by itself
    const begun = after(seen, film({ updates: 200 }));
    expect(requestsOf(begun, press)).toMatchObject([{ until: 0, training: 0 }]);
    expect(requestsOf(after(begun, press), press)).toMatchObject([{ until: UPDATES, training: 0 }]);
    const done = after(seen, film({ updates: UPDATES }));
    expect(requestsOf(done, press)).toMatchObject([{ until: UPDATES, training: 1, seed: 2 }]);
  });

  test('rests while the figure is out of view, unless it is paused', () => {
    const inView = (is: boolean): Event => ({ _tag: 'PlaneInView', inView: is, still: false });
    const begun = after(seen, film({ updates: 200 }));
    expect(requestsOf(begun, inView(false))).toMatchObject([{ until: 0, training: 0 }]);
    expect(requestsOf(after(begun, inView(false)), inView(true))).toMatchObject([{ until: UPDATES, training: 0 }]);
    expect(requestsOf(after(begun, inView(false)), { _tag: 'PlaneSet', query: 'points=ring' })).toMatchObject([
      { until: 0, training: 1 },
    ]);
    const paused = after(begun, { _tag: 'PlaneTrainPressed' });
    expect(requestsOf(paused, inView(false))).toEqual([]);
    expect(requestsOf(after(paused, inView(false)), inView(true))).toEqual([]);
  });

  test('may fail; then the training can be started again', () => {
    const failed = after(seen, { _tag: 'Failed', doing: 'plane', message: 'no' });
    expect(requestsOf(failed, { _tag: 'PlaneInView', inView: false, still: false })).toEqual([]);
    expect(requestsOf(failed, { _tag: 'PlaneTrainPressed' })).toMatchObject([{ until: UPDATES }]);
  });

  test('has its films shown, but not those of an older request', () => {
    const shown = after(seen, film({ of: 'exact' }), film({}), film({ training: 3, updates: 300 }));
    expect([shown.exact?.of, updatesOf(shown)]).toEqual(['exact', 100]);
    const other = after(shown, { _tag: 'PlaneSet', query: 'points=ring' });
    expect([isCurrent(other, other.learned), updatesOf(other)]).toEqual([false, 0]);
    expect(after(other, film({ training: 1, steps: 5 })).learned).toBe(shown.learned);
  });
});

describe('a drawing', () => {
  const draw = (state: Plane, ...places: readonly (readonly [number, number])[]) =>
    after(state, ...places.map(([x, y]): Event => ({ _tag: 'PlanePointed', to: { x, y } })));
  const brush: Event = { _tag: 'PlaneBrushToggled' };

  test('needs the brush, which clears the points', () => {
    expect(draw(seen, [1, 2]).points).toBe(seen.points);
    expect(draw(after(seen, brush), [10.4, 200], [300, -5]).points).toEqual(Uint8Array.of(10, 200, 255, 0));
    const shown = after(seen, film({}), brush);
    expect(isCurrent(shown, shown.learned)).toBe(false);
    expect(after(shown, brush)).toMatchObject({ drawing: false, shape: 'spiral' }); // nothing was drawn
  });

  test('has points that are apart, and at most 400', () => {
    expect(draw(after(seen, brush), [10, 10], [12, 10], [17, 12], [20, 10]).points).toEqual(
      Uint8Array.of(10, 10, 20, 10),
    );
    const lattice = Array.from({ length: 29 * 29 }, (_, i) => [9 * (i % 29), 9 * Math.floor(i / 29)] as const);
    expect(draw(after(seen, brush), ...lattice).points).toHaveLength(2 * MOST_POINTS);
  });

  test('is learned at the end of a stroke, if it has points', () => {
    const stroke: Event = { _tag: 'PlaneStroked' };
    expect(requestsOf(after(seen, brush), stroke)).toEqual([]);
    const drawn = draw(after(seen, brush), [10, 10]);
    expect(requestsOf(drawn, stroke)).toMatchObject([{ training: 2, points: Uint8Array.of(10, 10) }]);
    expect(after(drawn, stroke, brush)).toMatchObject({ drawing: false, points: Uint8Array.of(10, 10) });
    const [preset] = set('points=spiral', after(drawn, stroke));
    expect(preset).toMatchObject({ shape: 'spiral', drawing: false, points: firstPlane.points });
  });

  test('can be made by the keyboard', () => {
    const moved = after(seen, brush, { _tag: 'PlaneCursorMoved', by: { x: 8, y: -8 } });
    const [drawn] = planed(moved, { _tag: 'PlaneCursorUsed' });
    expect(drawn.points).toEqual(Uint8Array.of(136, 120));
    expect(requestsOf(moved, { _tag: 'PlaneCursorUsed' })).toHaveLength(1);
    const far = after(
      moved,
      ...Array.from({ length: 40 }, (): Event => ({ _tag: 'PlaneCursorMoved', by: { x: 8, y: 8 } })),
    );
    expect(far.cursor).toEqual({ x: 255, y: 255 });
  });
});

describe('the films', () => {
  test('play when the figure is in view, unless the user prefers no motion or has chosen a step', () => {
    const open = (state: Plane, still: boolean) => after(state, { _tag: 'PlaneInView', inView: true, still }).playing;
    expect([open(firstPlane, false), open(firstPlane, true), open(set('pointAt=4')[0], false)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('rest out of view, and go on where they were', () => {
    const inView = (is: boolean): Event => ({ _tag: 'PlaneInView', inView: is, still: false });
    const tick: Event = { _tag: 'Ticked', milliseconds: 700 };
    const left = after(seen, { _tag: 'PlanePlayToggled' }, tick, inView(false));
    expect([plays(left), after(left, tick).at]).toEqual([false, left.at]);
    expect(left.at).toBeGreaterThan(0);
    expect(after(left, inView(true), tick).at).toBeCloseTo(2 * left.at, 9);
  });

  test('go from noise to the points, rest there, and begin again', () => {
    const tick = (milliseconds: number): Event => ({ _tag: 'Ticked', milliseconds });
    const playing = after(seen, { _tag: 'PlanePlayToggled' });
    expect([playing.at, playing.playing]).toEqual([0, true]);
    const middle = after(playing, tick(1750));
    expect(stepOf(middle, film({}))).toBe(12);
    expect(stepOf(middle, film({ steps: 5 }))).toBe(2);
    const resting = after(middle, tick(2000));
    expect(stepOf(resting, film({}))).toBe(25);
    expect(after(resting, tick(1500)).at).toBe(0);
    const stopped = after(middle, { _tag: 'PlanePlayToggled' });
    expect(after(stopped, tick(1000))).toBe(stopped);
    expect(planeQuery(stopped)).toMatch(/&pointAt=12$/);
  });

  test('stop at the step that the slider chooses, and are at their end with another number of steps', () => {
    const playing = after(seen, { _tag: 'PlanePlayToggled' });
    expect(set('pointAt=7', playing)[0]).toMatchObject({ playing: false, at: 7 });
    expect(set('pointSteps=2', set('pointAt=7')[0])[0].at).toBe(2);
  });

  test('have x_t, x̂₀ and the x̂₀ of the arrows at each step, and end where x̂₀ is', () => {
    expect(ROW).toBe(2 * (DOTS + DOTS + ARROWS * ARROWS));
    expect(dotsAt(film({}), 3)).toBe(3 * ROW);
    const frames = new Float32Array(25 * ROW).fill(9);
    const end = 24 * ROW + 2 * DOTS;
    expect(dotsAt(film({}), 25)).toBe(end);
    frames.set([-1, -1, 1, 1.095, 1, 1.105], end); // three dots; the points are two corners
    const corners = { ...seen, points: Uint8Array.of(0, 0, 255, 255) };
    expect(after(corners, film({ frames })).learned?.share).toBe(2 / DOTS);
  });
});
