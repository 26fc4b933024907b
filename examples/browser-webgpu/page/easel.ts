/** The digit to repair, to change or to draw: its mask and its results. */
import { AREA, CLASSES, SIDE } from '../shared/extent.js';
import type { Paint, Pixels } from '../shared/messages.js';
import { digitIn, levelsIn, STRIDE } from '../shared/noising.js';
import type { Drawing } from './drawing.js';
import { type Event, type FillAs, type Moved, post } from './event.js';
import { type Film, withFrame } from './film.js';
import { brushed, type Cell, type Mask, maskOver } from './mask.js';
import { chosenDraws, type Shipped } from './network.js';
import { mixture, type Noising, normals } from './noising.js';

export interface Easel {
  readonly image: Pixels | null;
  readonly label: number;
  readonly mask: Mask;
  /** The radius of the brush in pixels, and whether it restores pixels, or draws with ink. */
  readonly radius: number;
  readonly erasing: boolean;
  /** True if a finger erases; it scrolls the page otherwise. */
  readonly held: boolean;
  readonly inking: boolean;
  /** The time to which a change adds noise: the more, the less of the image is left. */
  readonly t: number;
  /** The position of the brush of the keyboard. */
  readonly cursor: Cell;
  readonly fillAs: FillAs;
  /** The latest results, complete or in progress. */
  readonly film: Film | null;
  readonly painting: boolean;
  /** True if the network that draws is ready. */
  readonly ready: boolean;
  readonly nextId: number;
  readonly nextDigit: number;
}

export const bare: Easel = {
  image: null,
  label: 0,
  mask: maskOver('none'),
  radius: 2,
  erasing: false,
  held: false,
  inking: false,
  t: 500,
  cursor: { x: SIDE / 2, y: SIDE / 2 },
  fillAs: 'same',
  film: null,
  painting: false,
  ready: false,
  nextId: 0,
  nextDigit: 0,
};

/** The number of results per repair. */
export const WAYS = 4;

const within = (n: number): number => Math.min(SIDE - 0.5, Math.max(0.5, Math.floor(n) + 0.5));

const labelOf = ({ fillAs, label }: Easel): number => (fillAs === 'same' ? label : fillAs === 'any' ? CLASSES : fillAs);

const asked = (state: Easel): Moved<Easel> => [
  { ...state, nextDigit: state.nextDigit + 1 },
  [post({ _tag: 'FindDigit', at: state.nextDigit })],
];

/** Requests images with the sliders of the drawing. */
const requested = (
  state: Easel,
  { steps, guidance, network }: Drawing,
  { known, from }: Pick<Paint, 'known' | 'from'>,
): Moved<Easel> => {
  const { nextId: id } = state;
  const labels = Array.from({ length: WAYS }, () => labelOf(state));
  const film: Film = { id, labels, learned: 0, of: 0, stills: [] };
  const request: Paint = {
    ...{ _tag: 'Paint', id, purpose: 'repair', part: 0, network, conditions: { label: labels } },
    ...{ solver: 'ddim', steps, guidance, seed: id, known, from },
  };
  return [{ ...state, nextId: id + 1, film, painting: true }, [post(request)]];
};

const filled = (state: Easel, drawing: Drawing): Moved<Easel> => {
  const { image, mask, ready } = state;
  if (image === null || !ready || !mask.includes(1)) return [state, []];
  return requested(state, drawing, { known: { image, mask }, from: null });
};

/** Adds noise to the image, and removes it again: SDEdit (Meng et al. 2022), Algorithm 1. */
const changed = (state: Easel, drawing: Drawing, { file }: Noising): Moved<Easel> => {
  const { image, ready, t, nextId } = state;
  if (image === null || !ready || file === null) return [state, []];
  const level = levelsIn(file, 'cosine')[t / STRIDE]!;
  const all = Uint8Array.from({ length: WAYS * AREA }, (_, i) => image[i % AREA]!);
  const x = mixture(all, normals(nextId + 1, WAYS * AREA), level);
  return requested(state, drawing, { known: null, from: { x, sigma: level.sigma / level.alpha } });
};

/** An image with a stroke of ink. */
const inkedBy = (image: Pixels, from: Cell, to: Cell, radius: number): Pixels => {
  const stroke = brushed(maskOver('none'), from, to, radius / 2, 1); // digits are drawn with a finer pen
  return image.map((ink, i) => (stroke[i] === 1 ? 255 : ink));
};

/** A stroke of the brush. */
const stroked = (state: Easel, from: Cell, to: Cell): Easel => {
  const { image, mask, radius, erasing, inking } = state;
  return inking && image !== null
    ? { ...state, image: inkedBy(image, from, to, radius) }
    : { ...state, mask: brushed(mask, from, to, radius, erasing ? 0 : 1) };
};

/** The easel after an event. Repairs use the sliders of the drawing; the other states are those after the event. */
export const repaired = (
  before: Easel,
  event: Event,
  drawing: Drawing,
  network: Shipped,
  noising: Noising,
): Moved<Easel> => {
  const ready = chosenDraws(network);
  const state: Easel = before.ready === ready ? before : { ...before, ready };
  const { file, digit } = noising;
  switch (event._tag) {
    case 'NoisingLoaded': // the digit of the first figure, until there is another one
      return file === null || state.image !== null
        ? [state, []]
        : [{ ...state, image: digitIn(file, digit).slice(), label: digit }, []];
    case 'Opened':
    case 'Crashed':
    case 'Lost':
      return [{ ...state, painting: false }, []];
    case 'Frame':
      return event.purpose === 'repair' && state.film !== null
        ? [{ ...state, film: withFrame(state.film, event) }, []]
        : [state, []];
    case 'Dropped':
      return [
        event.purpose === 'repair' && event.id === state.film?.id ? { ...state, painting: false, film: null } : state,
        [],
      ];
    case 'Painted':
      return [event.purpose === 'repair' && event.id === state.film?.id ? { ...state, painting: false } : state, []];
    case 'Failed':
      return [event.doing === 'repair' ? { ...state, painting: false } : state, []];
    case 'DigitAsked':
      return asked(state);
    case 'Digit':
    case 'DigitPicked':
      return [{ ...state, image: event.image, label: event.label, film: null }, []];
    case 'Brushed':
      return [stroked(state, event.from, event.to), []];
    case 'CursorMoved': {
      const { x, y } = state.cursor;
      return [{ ...state, cursor: { x: within(x + event.by.x), y: within(y + event.by.y) } }, []];
    }
    case 'CursorUsed':
      return [stroked(state, state.cursor, state.cursor), []];
    case 'BrushHeld':
      return [{ ...state, held: event.held }, []];
    case 'BrushSet':
      return [{ ...state, radius: event.radius, held: true }, []];
    case 'EraserToggled':
      return [{ ...state, erasing: !state.erasing, inking: false, held: true }, []];
    case 'InkToggled':
      return [{ ...state, inking: !state.inking, erasing: false, held: true }, []];
    case 'PaperPressed': {
      const paper = { image: new Uint8Array(AREA), label: CLASSES, mask: maskOver('none') };
      return [{ ...state, ...paper, inking: true, erasing: false, held: true, film: null }, []];
    }
    case 'StrengthSet':
      return [{ ...state, t: event.t }, []];
    case 'RegionChosen':
      return [{ ...state, mask: maskOver(event.region) }, []];
    case 'FillAsSet':
      return [{ ...state, fillAs: event.as }, []];
    case 'FillPressed':
      return filled(state, drawing);
    case 'ChangePressed':
      return changed(state, drawing, noising);
    default:
      return [state, []];
  }
};
