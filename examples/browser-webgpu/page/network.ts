/** The network that ships with the page, which is loaded when somebody asks for it, and the choice between it and one's own. */
import type { Failure, Request } from '../shared/messages.js';
import { type Event, type Moved, post } from './event.js';
import type { Learning } from './learning.js';

/** The download of a network. */
export interface Download {
  /** Its state, `loaded` also by a file: `wanted` means that it waits for a worker. */
  readonly phase: 'absent' | 'wanted' | 'loading' | 'loaded';
  /** True if there is a worker, and if it can draw. */
  readonly employed: boolean;
  readonly ready: boolean;
}

export interface Shipped extends Download {
  /** The network that draws in the last figure. */
  readonly chosen: 'shipped' | 'own';
  /** True if one's own network draws there once its training is complete. */
  readonly awaitsOwn: boolean;
}

export const unloaded: Download = { phase: 'absent', employed: false, ready: false };

export const absent: Shipped = { ...unloaded, chosen: 'shipped', awaitsOwn: false };

/** Tests if a network that was to be loaded can draw. */
export const draws = ({ phase, ready }: Download): boolean => phase === 'loaded' && ready;

/** Tests if the chosen network can draw. */
export const chosenDraws = (state: Shipped): boolean => (state.chosen === 'own' ? state.ready : draws(state));

/** Tests if an event is the end of a download when a file has brought a network already, which then stays. */
export const isLate = ({ phase }: Shipped, event: Event): boolean =>
  phase === 'loaded' &&
  ((event._tag === 'NetworkLoaded' && event.name === null) || (event._tag === 'Failed' && event.doing === 'network'));

/** The events of a download, and its request. */
interface Names {
  readonly wanted: Event['_tag'];
  readonly loaded: Event['_tag'];
  readonly failed: Failure['doing'];
  readonly load: Request;
}

/** A download after an event. */
export const downloaded =
  ({ wanted, loaded, failed, load }: Names) =>
  <S extends Download>(state: S, event: Event): Moved<S> => {
    const loading = (employed: S): Moved<S> => [{ ...employed, phase: 'loading' }, [post(load)]];
    switch (event._tag) {
      case wanted:
        if (state.phase !== 'absent') return [state, []];
        return state.employed ? loading(state) : [{ ...state, phase: 'wanted' }, []];
      case loaded:
        return [{ ...state, phase: 'loaded' }, []];
      case 'Begun':
        return [{ ...state, ready: true }, []];
      case 'Lost': // the weights stay in the worker
        return [{ ...state, ready: false }, []];
      case 'Opened': {
        const employed = { ...state, employed: true, ready: false };
        return state.phase === 'absent' ? [employed, []] : loading(employed); // another worker has to load it again
      }
      case 'Crashed':
        return [{ ...state, phase: state.phase === 'absent' ? 'absent' : 'wanted', employed: false, ready: false }, []];
      case 'Failed':
        return [event.doing === failed ? { ...state, phase: 'absent' } : state, []];
      default:
        return [state, []];
    }
  };

const ofDigits = downloaded({
  ...{ wanted: 'NetworkWanted', loaded: 'NetworkLoaded', failed: 'network', load: { _tag: 'LoadNetwork' } },
});

/** The network after an event that is not {@link isLate}; `learning` is its state after the event. */
export const shipped = (state: Shipped, event: Event, learning: Pick<Learning, 'step' | 'goal'>): Moved<Shipped> => {
  const [next, effects] = ofDigits(state, event);
  return [{ ...next, ...choiceAfter(state, event, learning) }, effects];
};

/** The choice of the network that draws in the last figure after an event. */
const choiceAfter = (
  { chosen, awaitsOwn, phase }: Shipped,
  event: Event,
  { step, goal }: Pick<Learning, 'step' | 'goal'>,
): Partial<Shipped> => {
  switch (event._tag) {
    case 'NetworkChosen':
      return { chosen: event.network, awaitsOwn: false };
    case 'TrainPressed': // its first digits are worse than those of the shipped network
      return phase === 'absent' ? { chosen: 'own' } : { awaitsOwn: chosen === 'shipped' };
    case 'Stepped':
      return awaitsOwn && step >= goal ? { chosen: 'own', awaitsOwn: false } : {};
    case 'Begun': // a training that goes on is what its owner wants to see
      return event.from === 'lost' ? {} : { chosen: event.step > 0 ? 'own' : chosen, awaitsOwn: false };
    case 'NetworkLoaded':
      return event.name === null ? {} : { chosen: 'shipped' };
    case 'Opened': // the recipe for tests has a network of its own
      return event.settings.recipe === 'tiny' ? { chosen: 'own' } : {};
    case 'Failed':
      return event.doing === 'network' ? { chosen: awaitsOwn ? 'own' : chosen, awaitsOwn: false } : {};
    default:
      return {};
  }
};
