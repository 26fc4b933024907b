/** The network that ships with the page, which is loaded when somebody asks for it, and the choice between it and one's own. */
import type { Paint } from '../shared/messages.js';
import { type Event, type Moved, post } from './event.js';
import type { Learning } from './learning.js';

export interface Shipped {
  /** The state of the download, `loaded` also by a file: `wanted` means that it waits for a worker. */
  readonly phase: 'absent' | 'wanted' | 'loading' | 'loaded';
  /** True if there is a worker, and if it can draw. */
  readonly employed: boolean;
  readonly ready: boolean;
  /** The network that draws in the last figure. */
  readonly chosen: Paint['network'];
  /** True if one's own network draws there once its training is complete. */
  readonly awaitsOwn: boolean;
}

export const absent: Shipped = {
  phase: 'absent',
  employed: false,
  ready: false,
  chosen: 'shipped',
  awaitsOwn: false,
};

/** Tests if the shipped network can draw. */
export const draws = ({ phase, ready }: Shipped): boolean => phase === 'loaded' && ready;

/** Tests if the chosen network can draw. */
export const chosenDraws = (state: Shipped): boolean => (state.chosen === 'own' ? state.ready : draws(state));

/** Tests if an event is the end of a download when a file has brought a network already, which then stays. */
export const isLate = ({ phase }: Shipped, event: Event): boolean =>
  phase === 'loaded' &&
  ((event._tag === 'NetworkLoaded' && event.name === null) || (event._tag === 'Failed' && event.doing === 'network'));

const loading = (state: Shipped): Moved<Shipped> => [{ ...state, phase: 'loading' }, [post({ _tag: 'LoadNetwork' })]];

/** The network after an event that is not {@link isLate}; `learning` is its state after the event. */
export const shipped = (
  state: Shipped,
  event: Event,
  { step, goal }: Pick<Learning, 'step' | 'goal'>,
): Moved<Shipped> => {
  switch (event._tag) {
    case 'NetworkWanted':
      if (state.phase !== 'absent') return [state, []];
      return state.employed ? loading(state) : [{ ...state, phase: 'wanted' }, []];
    case 'NetworkChosen':
      return [{ ...state, chosen: event.network, awaitsOwn: false }, []];
    case 'TrainPressed': // its first digits are worse than those of the shipped network
      return [
        state.phase === 'absent' ? { ...state, chosen: 'own' } : { ...state, awaitsOwn: state.chosen === 'shipped' },
        [],
      ];
    case 'Stepped':
      return [state.awaitsOwn && step >= goal ? { ...state, chosen: 'own', awaitsOwn: false } : state, []];
    case 'Begun':
      if (event.from === 'lost') return [{ ...state, ready: true }, []];
      // a training that goes on is what its owner wants to see
      return [{ ...state, ready: true, chosen: event.step > 0 ? 'own' : state.chosen, awaitsOwn: false }, []];
    case 'NetworkLoaded':
      return [{ ...state, phase: 'loaded', chosen: event.name === null ? state.chosen : 'shipped' }, []];
    case 'Lost': // the weights stay in the worker
      return [{ ...state, ready: false }, []];
    case 'Opened': {
      // the recipe for tests has a network of its own
      const chosen = event.settings.recipe === 'tiny' ? 'own' : state.chosen;
      const employed: Shipped = { ...state, employed: true, ready: false, chosen };
      return state.phase === 'absent' ? [employed, []] : loading(employed); // another worker has to load it again
    }
    case 'Crashed':
      return [{ ...state, phase: state.phase === 'absent' ? 'absent' : 'wanted', employed: false, ready: false }, []];
    case 'Failed':
      return [
        event.doing === 'network'
          ? { ...state, phase: 'absent', chosen: state.awaitsOwn ? 'own' : state.chosen, awaitsOwn: false }
          : state,
        [],
      ];
    default:
      return [state, []];
  }
};
