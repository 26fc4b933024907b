/** The digit to repair: its mask and its results. */
import { CLASSES, SIDE } from '../shared/extent.js';
import type { Pixels } from '../shared/messages.js';
import type { Drawing } from './drawing.js';
import { type Event, type FillAs, type Moved, post } from './event.js';
import { type Film, withFrame } from './film.js';
import { brushed, type Cell, type Mask, maskOver } from './mask.js';

export interface Easel {
  readonly image: Pixels | null;
  readonly label: number;
  readonly mask: Mask;
  /** The radius of the brush in pixels, and whether it restores pixels. */
  readonly radius: number;
  readonly erasing: boolean;
  /** True if a finger erases; it scrolls the page otherwise. */
  readonly held: boolean;
  /** The position of the brush of the keyboard. */
  readonly cursor: Cell;
  readonly fillAs: FillAs;
  /** The latest results, complete or in progress. */
  readonly film: Film | null;
  readonly painting: boolean;
  /** True if there is a network, and if there are held-out digits. */
  readonly ready: boolean;
  readonly hasDigits: boolean;
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
  cursor: { x: SIDE / 2, y: SIDE / 2 },
  fillAs: 'same',
  film: null,
  painting: false,
  ready: false,
  hasDigits: false,
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

const filled = (state: Easel, { steps, guidance }: Drawing): Moved<Easel> => {
  const { nextId: id, image, mask, ready } = state;
  if (image === null || !ready || !mask.includes(1)) return [state, []];
  const labels = Array.from({ length: WAYS }, () => labelOf(state));
  const film: Film = { id, labels, learned: 0, of: 0, stills: [] };
  const known = { image, mask };
  return [
    { ...state, nextId: id + 1, film, painting: true },
    [
      post({
        _tag: 'Paint',
        id,
        purpose: 'repair',
        part: 0,
        network: 'own',
        labels,
        solver: 'ddim',
        steps,
        guidance,
        seed: id,
        known,
        from: null,
      }),
    ],
  ];
};

/** The easel after an event. Repairs use the sliders of the drawing. */
export const repaired = (state: Easel, event: Event, drawing: Drawing): Moved<Easel> => {
  const painted = (mask: Mask): Moved<Easel> => [{ ...state, mask }, []];
  switch (event._tag) {
    case 'Begun':
      return [{ ...state, ready: true }, []];
    case 'DigitsLoaded': {
      const supplied = { ...state, hasDigits: true };
      return state.image === null ? asked(supplied) : [supplied, []];
    }
    case 'Opened':
    case 'Crashed':
      return [{ ...state, ready: false, hasDigits: false, painting: false }, []];
    case 'Lost':
      return [{ ...state, ready: false, painting: false }, []];
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
      return painted(brushed(state.mask, event.from, event.to, state.radius, state.erasing ? 0 : 1));
    case 'CursorMoved': {
      const { x, y } = state.cursor;
      return [{ ...state, cursor: { x: within(x + event.by.x), y: within(y + event.by.y) } }, []];
    }
    case 'CursorUsed':
      return painted(brushed(state.mask, state.cursor, state.cursor, state.radius, state.erasing ? 0 : 1));
    case 'BrushHeld':
      return [{ ...state, held: event.held }, []];
    case 'BrushSet':
      return [{ ...state, radius: event.radius, held: true }, []];
    case 'EraserToggled':
      return [{ ...state, erasing: !state.erasing, held: true }, []];
    case 'RegionChosen':
      return painted(maskOver(event.region));
    case 'FillAsSet':
      return [{ ...state, fillAs: event.as }, []];
    case 'FillPressed':
      return filled(state, drawing);
    default:
      return [state, []];
  }
};
