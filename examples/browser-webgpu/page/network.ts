/** The network that ships with the page: it is loaded when somebody asks for it. */
import { type Event, type Moved, post } from './event.js';

export interface Shipped {
  /** It is `wanted` until there is a worker that can load it. */
  readonly phase: 'absent' | 'wanted' | 'loading' | 'loaded';
  /** True if the worker can draw. */
  readonly ready: boolean;
}

export const absent: Shipped = { phase: 'absent', ready: false };

/** Tests if the shipped network can draw. */
export const draws = ({ phase, ready }: Shipped): boolean => phase === 'loaded' && ready;

const loading = (state: Shipped): Moved<Shipped> => [{ ...state, phase: 'loading' }, [post({ _tag: 'LoadNetwork' })]];

export const shipped = (state: Shipped, event: Event): Moved<Shipped> => {
  switch (event._tag) {
    case 'NetworkWanted':
      if (state.phase !== 'absent') return [state, []];
      return state.ready ? loading(state) : [{ ...state, phase: 'wanted' }, []];
    case 'Begun': {
      const ready = { ...state, ready: true };
      return state.phase === 'wanted' ? loading(ready) : [ready, []];
    }
    case 'NetworkLoaded':
      return [{ ...state, phase: 'loaded' }, []];
    case 'Lost': // the weights stay in the worker
      return [{ ...state, ready: false }, []];
    case 'Opened':
    case 'Crashed': // another worker has to load it again
      return [{ phase: state.phase === 'absent' ? 'absent' : 'wanted', ready: false }, []];
    case 'Failed':
      return [event.doing === 'network' ? { ...state, phase: 'absent' } : state, []];
    default:
      return [state, []];
  }
};
