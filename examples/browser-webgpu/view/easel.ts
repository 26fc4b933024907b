/** The digit to repair, erased with the pointer or the keyboard. */
import type { Easel } from '../page/easel.js';
import type { Event } from '../page/event.js';
import { type Cell, share } from '../page/mask.js';
import { CLASSES, SIDE } from '../shared/extent.js';
import { byId, type Part } from './elements.js';
import { inked, inkOf } from './ink.js';

/** Steps of the arrow keys. */
export const ARROWS: Readonly<Record<string, Cell>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** The opacity of erased pixels. */
const COVER = 0.85;

/** The position of a pointer on a canvas, in pixels of the image. */
export const cellOf = (canvas: HTMLCanvasElement, { clientX, clientY }: PointerEvent): Cell => {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  return { x: ((clientX - left) / width) * SIDE, y: ((clientY - top) / height) * SIDE };
};

/** Draws the digit, its mask, and the brush of the keyboard. */
const drawOn = (canvas: HTMLCanvasElement, { image, mask, cursor, radius }: Easel): void => {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const size = canvas.width / SIDE;
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (image !== null) {
    const small = new OffscreenCanvas(SIDE, SIDE);
    small.getContext('2d')?.putImageData(inked(image, 0, inkOf(canvas)), 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
  }
  context.fillStyle = getComputedStyle(canvas).getPropertyValue('--accent');
  context.globalAlpha = COVER;
  mask.forEach((painted, i) => {
    if (painted === 1) context.fillRect((i % SIDE) * size, Math.floor(i / SIDE) * size, size, size);
  });
  context.globalAlpha = 1;
  if (canvas.matches(':focus-visible')) {
    context.strokeStyle = getComputedStyle(canvas).getPropertyValue('--warm');
    context.lineWidth = 2;
    context.beginPath();
    context.arc(cursor.x * size, cursor.y * size, Math.max(radius, 0.7) * size, 0, 2 * Math.PI);
    context.stroke();
  }
};

/** The canvas as text, for screen readers. */
const inWords = ({ label, mask, cursor }: Easel): string => {
  const painted = `${Math.round(100 * share(mask))} % of it erased`;
  const name = label === CLASSES ? 'Your drawing' : `A ${label}`;
  return `${name}, ${painted}; brush at column ${Math.ceil(cursor.x)}, row ${Math.ceil(cursor.y)}`;
};

/** Reports strokes, from pointer down to pointer up. */
const listenToPointer = (canvas: HTMLCanvasElement, happened: (event: Event) => void): void => {
  let last: Cell | null = null; // the last position of the stroke
  const draws = (): boolean => canvas.classList.contains('draws');
  canvas.addEventListener('click', () => !draws() && happened({ _tag: 'BrushHeld', held: true }));
  document.addEventListener('pointerdown', ({ target }) => {
    const isTool = target instanceof Element && target.closest('#repair') !== null;
    if (!isTool && draws()) happened({ _tag: 'BrushHeld', held: false });
  });
  canvas.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch' && !draws()) return; // it scrolls the page, or is a tap
    canvas.setPointerCapture(event.pointerId);
    last = cellOf(canvas, event);
    happened({ _tag: 'Brushed', from: last, to: last });
  });
  canvas.addEventListener('pointermove', (event) => {
    if (last === null) return;
    const to = cellOf(canvas, event);
    happened({ _tag: 'Brushed', from: last, to });
    last = to;
  });
  for (const end of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(end, () => (last = null));
};

const listenToKeys = (canvas: HTMLCanvasElement, happened: (event: Event) => void): void =>
  canvas.addEventListener('keydown', (event) => {
    const by = ARROWS[event.key];
    if (by !== undefined) happened({ _tag: 'CursorMoved', by });
    else if (event.key === ' ') happened({ _tag: 'CursorUsed' });
    else return;
    event.preventDefault();
  });

export const easelPart = (happened: (event: Event) => void): Part<Easel> => {
  const canvas = byId('easel', HTMLCanvasElement);
  let state: Easel | null = null;
  listenToPointer(canvas, happened);
  listenToKeys(canvas, happened);
  for (const moment of ['focus', 'blur'] as const)
    // focus shows the brush of the keyboard
    canvas.addEventListener(moment, () => state !== null && drawOn(canvas, state));
  return (easel) => {
    state = easel;
    canvas.classList.toggle('draws', easel.held);
    drawOn(canvas, easel);
    canvas.setAttribute('aria-label', inWords(easel));
  };
};
