/** The state of the training, as the page knows it. */
import { noPace, type Pace, paced } from '../../mnist/progress.js';
import { type Curve, curveText, type Loss } from './curve.js';
import type { WhyWasm } from '../shared/messages.js';
import { USUAL_SEED } from '../shared/settings.js';
import { type Event, type Moved, post } from './event.js';

export interface Learning extends Curve {
  readonly phase: 'preparing' | 'resting' | 'training' | 'stopped';
  /** The current preparation. */
  readonly preparing: 'backend' | 'network';
  readonly backend: string | null;
  /** The number of threads; null on a GPU. */
  readonly threads: number | null;
  /** Why it is not a GPU; null if it is, or if the settings ask for the CPU. */
  readonly why: WhyWasm | null;
  /** The digits to learn from. They load when somebody trains, or `wants` to as soon as they are there. */
  readonly digits: 'none' | 'loading' | 'loaded' | 'failed';
  readonly wants: boolean;
  /** The number of updates so far, and the goal. */
  readonly step: number;
  readonly goal: number;
  /** The curves that this browser kept. */
  readonly curve: Curve | null;
  readonly pace: Pace;
  /** The measured milliseconds for each image that a network looks at, the least so far; NaN before the first. */
  readonly look: number;
  /** The step at which this browser saved the training. */
  readonly kept: number | null;
  /** The seed of the next new training. */
  readonly seed: number;
}

export const preparing: Learning = {
  phase: 'preparing',
  preparing: 'backend',
  backend: null,
  threads: null,
  why: null,
  digits: 'none',
  wants: false,
  step: 0,
  goal: 0,
  losses: [],
  heldOut: [],
  trained: [],
  curve: null,
  pace: noPace,
  look: Number.NaN,
  kept: null,
  seed: 0,
};

/** The number of additional steps after the goal. */
export const MORE = 300;

/** The goal of a training that starts now. */
export const nextGoal = ({ step, goal }: Pick<Learning, 'step' | 'goal'>): number => (step < goal ? goal : step + MORE);

/** The least number of images by which the pace is measured. */
const ENOUGH = 100;

/** The images of a step, and the time of an image in training, in looks at one: as measured on WebAssembly. */
const BATCH = 16;
const LEARNING = 3;

/** The seconds that a training to the goal will take from its beginning, if something was measured; otherwise NaN. */
export const expected = ({ goal, look, pace: { secondsPerStep } }: Pick<Learning, 'goal' | 'look' | 'pace'>): number =>
  goal * (Number.isNaN(secondsPerStep) ? (LEARNING * BATCH * look) / 1000 : secondsPerStep);

/** The losses before a step. */
const before = (step: number, losses: readonly Loss[]): readonly Loss[] => losses.filter((loss) => loss.step < step);

export const fileName = (step: number): string => `digits-${step}.safetensors`;

const loadingDigits = (state: Learning): Moved<Learning> => [
  { ...state, digits: 'loading' },
  [post({ _tag: 'LoadDigits' })],
];

const training = (state: Learning): Moved<Learning> => {
  const goal = nextGoal(state);
  return [{ ...state, phase: 'training', goal }, [post({ _tag: 'Train', until: goal })]];
};

export const learned = (state: Learning, event: Event): Moved<Learning> => {
  switch (event._tag) {
    case 'Opened': {
      const { settings, folder } = event;
      // the saved training has the default seed: a new one takes the next
      const fresh = { ...preparing, curve: state.curve, seed: settings.seed ?? USUAL_SEED + 1 };
      return [fresh, [{ _tag: 'Employ', request: { _tag: 'Start', settings, folder } }]];
    }
    case 'Works':
      return [{ ...state, preparing: 'network', backend: event.backend, threads: event.threads, why: event.why }, []];
    case 'OneThread':
      return [{ ...state, threads: 1 }, []];
    case 'DigitsWanted':
      return loadingDigits(state);
    case 'DigitsLoaded': {
      const supplied: Learning = { ...state, digits: 'loaded', wants: false };
      return state.wants && state.phase === 'resting' ? training(supplied) : [supplied, []];
    }
    case 'Begun': {
      const { from, step, goal } = event;
      const same = from === 'lost'; // the same training, at its last copy
      const curve = (same ? state : from === 'kept' ? state.curve : null) ?? preparing;
      const resting: Learning = {
        ...state,
        phase: 'resting',
        step,
        goal: same ? state.goal : goal,
        losses: before(step, curve.losses),
        heldOut: before(step + 1, curve.heldOut),
        trained: before(step + 1, curve.trained),
        pace: noPace,
        kept: from === 'kept' ? step : same ? state.kept : null,
        seed: from === 'noise' ? state.seed + 1 : state.seed,
      };
      return [resting, []];
    }
    case 'Stepped': {
      const { step, loss, milliseconds } = event;
      return [
        {
          ...state,
          step: step + 1,
          losses: [...state.losses, { step, loss }],
          pace: paced(state.pace, { loss, secondsPerStep: milliseconds / 1000 }),
        },
        [],
      ];
    }
    case 'Painted': {
      const look = event.milliseconds / event.evaluations;
      return event.evaluations >= ENOUGH && !(look >= state.look) ? [{ ...state, look }, []] : [state, []];
    }
    case 'HeldOut': {
      const { step, loss, trainingLoss } = event;
      const heldOut = [...state.heldOut, { step, loss }];
      return [{ ...state, heldOut, trained: [...state.trained, { step, loss: trainingLoss }] }, []];
    }
    case 'Rested':
      return state.phase === 'training' ? [{ ...state, phase: 'resting', step: event.step }, []] : [state, []];
    case 'CurveFound':
      return [{ ...state, curve: event.curve }, []];
    case 'Kept':
      return [{ ...state, kept: event.step }, [{ _tag: 'KeepCurve', text: curveText(state) }]];
    case 'Saved':
      return [state, [{ _tag: 'Download', name: fileName(event.step), bytes: event.bytes }]];
    case 'Lost':
      return [{ ...state, phase: 'preparing', preparing: 'backend' }, []];
    case 'Crashed':
      return [{ ...state, phase: 'stopped' }, []];
    case 'Failed':
      if (event.doing === 'digits') return [{ ...state, digits: 'failed' }, []];
      return [
        { ...state, phase: event.doing === 'start' && state.phase === 'preparing' ? 'stopped' : state.phase },
        [],
      ];
    case 'Hid':
      return [state, event.hidden && state.phase === 'training' ? [post({ _tag: 'Keep' })] : []];
    case 'TrainPressed':
      if (state.phase !== 'resting') return [state, []];
      return state.digits === 'loaded' ? training(state) : loadingDigits({ ...state, wants: true });
    case 'RestPressed':
      return [state, [post({ _tag: 'Rest' })]];
    case 'SavePressed':
      return [state, [post({ _tag: 'Save' })]];
    case 'AnewPressed':
      return [{ ...state, phase: 'preparing', preparing: 'network' }, [post({ _tag: 'Anew', seed: state.seed })]];
    case 'FileGiven':
      return [state, [post({ _tag: 'Open', name: event.name, bytes: event.bytes })]];
    default:
      return [state, []];
  }
};
