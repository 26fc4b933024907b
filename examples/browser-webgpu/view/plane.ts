/** The figure "Plot it". */
import type { Event } from '../page/event.js';
import {
  dotsAt,
  isCurrent,
  isTrained,
  NEAR,
  type Plane,
  placesOf,
  ROW,
  type Shown,
  stepOf,
  updatesOf,
} from '../page/plane.js';
import { SIDE } from '../shared/extent.js';
import { ARROWS, DOTS, planeCode, PREDICTIONS, REACH } from '../shared/plane.js';
import { ARROWS as KEYS, cellOf } from './easel.js';
import { byId, type Part, setText } from './elements.js';

/** The canvases show [-VIEW, VIEW]². */
const VIEW = 1.5;
/** The number of dots whose paths are drawn. */
const PATHS = 14;

/** A canvas with the plane's coordinates, and a colour of the page. */
const penOn = (canvas: HTMLCanvasElement) => {
  const context = canvas.getContext('2d')!;
  const half = canvas.width / 2;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(half / VIEW, 0, 0, -half / VIEW, half, half); // y points up
  const colours = getComputedStyle(canvas);
  /** Draws a shape filled, or as lines of a width in pixels of the screen. */
  const draw = (colour: string, width: number, shape: (path: CanvasRenderingContext2D) => void): void => {
    context.fillStyle = context.strokeStyle = colours.getPropertyValue(colour);
    context.lineWidth = (width * VIEW) / half;
    context.beginPath();
    shape(context);
    if (width === 0) context.fill();
    else context.stroke();
  };
  return draw;
};

/** Circles around places, x and y one after another. */
const circles =
  (numbers: ArrayLike<number>, from: number, count: number, radius: number) => (path: CanvasRenderingContext2D) => {
    for (let i = from; i < from + 2 * count; i += 2) {
      path.moveTo(numbers[i]! + radius, numbers[i + 1]!);
      path.arc(numbers[i]!, numbers[i + 1]!, radius, 0, 7);
    }
  };

const arrowsAt = (frames: Float32Array, row: number) => (path: CanvasRenderingContext2D) => {
  const cell = (2 * REACH) / (ARROWS - 1);
  for (let i = 0; i < ARROWS ** 2; i++) {
    const [x, y] = [REACH - cell * (i % ARROWS), REACH - cell * Math.floor(i / ARROWS)].map((n) => -n) as [
      number,
      number,
    ];
    const [dx, dy] = [frames[row + 4 * DOTS + 2 * i]! - x, frames[row + 4 * DOTS + 2 * i + 1]! - y];
    const length = (0.75 * cell) / Math.max(0.75 * cell, Math.hypot(dx, dy));
    const [tx, ty] = [x + dx * length, y + dy * length];
    path.moveTo(x, y);
    path.lineTo(tx, ty);
    path.lineTo(tx - 0.3 * length * (dx - 0.5 * dy), ty - 0.3 * length * (dy + 0.5 * dx));
    path.moveTo(tx, ty);
    path.lineTo(tx - 0.3 * length * (dx + 0.5 * dy), ty - 0.3 * length * (dy - 0.5 * dx));
  }
};

const drawFilm = (canvas: HTMLCanvasElement, film: Shown | null, state: Plane): void => {
  const draw = penOn(canvas);
  const places = placesOf(state.points);
  draw('--accent', 1.5, circles(places, 0, places.length / 2, 0.045));
  canvas.classList.toggle('old', film !== null && !isCurrent(state, film));
  if (film === null) return;
  const { frames, steps } = film;
  const step = stepOf(state, film);
  if (step < steps) draw('--edge', 1, arrowsAt(frames, step * ROW));
  draw('--soft', 1, (path) => {
    for (let i = 0; i < PATHS; i++)
      for (let k = 0; k <= step; k++) {
        const at = dotsAt(film, k) + 2 * i;
        if (k === 0) path.moveTo(frames[at]!, frames[at + 1]!);
        else path.lineTo(frames[at]!, frames[at + 1]!);
      }
  });
  if (step < steps) draw('--warm', 1, circles(frames, step * ROW + 2 * DOTS, DOTS, 0.02));
  draw('--ink', 0, circles(frames, dotsAt(film, step), DOTS, 0.018));
};

const drawPoints = (canvas: HTMLCanvasElement, { points, cursor, drawing }: Plane): void => {
  const draw = penOn(canvas);
  const places = placesOf(points);
  draw('--line', 1, (path) => path.rect(-1, -1, 2, 2));
  draw('--accent', 0, circles(places, 0, places.length / 2, 0.04));
  canvas.classList.toggle('draws', drawing);
  if (canvas.matches(':focus-visible'))
    draw('--warm', 2, circles(placesOf(Uint8Array.of(cursor.x, cursor.y)), 0, 1, 0.08));
};

const listen = (canvas: HTMLCanvasElement, happened: (event: Event) => void): void => {
  /** The byte coordinates of a pointer. */
  const to = (event: PointerEvent) => {
    const { x, y } = cellOf(canvas, event);
    return { x: 127.5 * (1 + VIEW * ((2 * x) / SIDE - 1)), y: 127.5 * (1 - VIEW * ((2 * y) / SIDE - 1)) };
  };
  canvas.addEventListener('pointerdown', (event) => {
    const draws = canvas.classList.contains('draws');
    if (!draws && event.pointerType === 'touch') return; // it scrolls the page until the brush is chosen
    if (!draws) happened({ _tag: 'PlaneBrushToggled' });
    canvas.setPointerCapture(event.pointerId);
    happened({ _tag: 'PlanePointed', to: to(event) });
  });
  canvas.addEventListener('pointermove', (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) happened({ _tag: 'PlanePointed', to: to(event) });
  });
  canvas.addEventListener('lostpointercapture', () => happened({ _tag: 'PlaneStroked' }));
  canvas.addEventListener('keydown', (event) => {
    const by = KEYS[event.key];
    if (by !== undefined) happened({ _tag: 'PlaneCursorMoved', by: { x: 8 * by.x, y: -8 * by.y } });
    else if (event.key === ' ') happened({ _tag: 'PlaneCursorUsed' });
    else return;
    event.preventDefault();
  });
};

const nearInWords = ({ share }: Shown): string =>
  `${Math.round(100 * share)} % of the dots end within ${NEAR} of a point`;

const NO_POINTS = 'no points yet';

const exactText = (state: Plane): string => {
  if (state.points.length === 0) return NO_POINTS;
  return isCurrent(state, state.exact) ? nearInWords(state.exact) : 'being computed';
};

const learnedText = (state: Plane): string => {
  const { learned } = state;
  const updates = updatesOf(state);
  if (state.points.length === 0) return NO_POINTS;
  if (learned === null || updates === 0) return 'not trained yet';
  return `${nearInWords(learned)}; ${updates} updates in ${(learned.milliseconds / 1000).toFixed(1)} s`;
};

/** α and σ of the visible step. */
const numbersText = (state: Plane, step: number): string => {
  const [alpha, sigma] = isCurrent(state, state.exact) ? state.exact.levels.slice(2 * step) : [];
  return alpha === undefined || sigma === undefined
    ? ''
    : `At step ${step} α = ${alpha.toFixed(2)} and σ = ${sigma.toFixed(2)}.`;
};

const trainLabel = (state: Plane): string => {
  if (isTrained(state)) return 'Train it again';
  return state.seen && state.learning ? 'Pause the network' : 'Train the network';
};

export const planePart = (happened: (event: Event) => void): Part<Plane> => {
  const place = byId('plane', HTMLElement);
  const canvas = (id: string) => byId(id, HTMLCanvasElement);
  const button = (id: string) => byId(id, HTMLButtonElement);
  const write = (id: string, text: string): void => setText(byId(id, HTMLElement), text);
  const [points, play, slider] = [canvas('points'), button('plane-play'), byId('plane-at', HTMLInputElement)];
  let state: Plane | null = null;
  const drawFilms = (plane: Plane): void => {
    if (!plane.inView) return;
    drawFilm(canvas('exact'), plane.exact, plane);
    drawFilm(canvas('learned'), plane.learned, plane);
  };
  place.addEventListener('input', ({ target }) => {
    if (target instanceof HTMLInputElement) happened({ _tag: 'PlaneSet', query: `${target.name}=${target.value}` });
  });
  play.addEventListener('click', () => happened({ _tag: 'PlanePlayToggled' }));
  button('points-draw').addEventListener('click', () => happened({ _tag: 'PlaneBrushToggled' }));
  button('plane-train').addEventListener('click', () => happened({ _tag: 'PlaneTrainPressed' }));
  listen(points, happened);
  for (const event of ['focus', 'blur']) points.addEventListener(event, () => state && drawPoints(points, state));
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  new IntersectionObserver(
    (entries) => {
      happened({ _tag: 'PlaneInView', inView: entries.at(-1)!.isIntersecting, still: still.matches });
    },
    { rootMargin: '0px 0px -40%' },
  ).observe(points.parentElement!.parentElement!);

  return (plane) => {
    state = plane;
    const { shape, path, predicts, steps, playing, drawing } = plane;
    drawPoints(points, plane);
    drawFilms(plane);
    const chosen = [shape, path, predicts, `${steps}`];
    for (const one of place.querySelectorAll<HTMLInputElement>('[type=radio]')) {
      one.checked = chosen.includes(one.value as never);
      if (one.name === 'predicts') one.disabled = !PREDICTIONS[path].includes(one.value as never);
    }
    const step = Math.min(steps, Math.floor(plane.at));
    slider.max = `${steps}`;
    slider.value = `${step}`;
    slider.ariaValueText = `step ${step} of ${steps}`;
    play.ariaLabel = playing ? 'Stop the dots' : 'Play from noise to points';
    button('points-draw').ariaPressed = `${drawing}`;
    const count = `${plane.points.length / 2} points`;
    setText(play, playing ? '❚❚' : '▶');
    write('plane-step', `step ${step} of ${steps}`);
    write('plane-train', trainLabel(plane));
    write('points-keys', drawing ? `${count}: draw here, also by arrow keys and space` : count);
    write('exact-end', exactText(plane));
    write('learned-end', learnedText(plane));
    write('plane-numbers', numbersText(plane, step));
    write('plane-code', planeCode(plane));
    points.ariaLabel = `${count}; brush at column ${plane.cursor.x}, row ${255 - plane.cursor.y}`;
  };
};
