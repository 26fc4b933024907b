import type { Shipped } from '../page/network.js';
import { byId } from './elements.js';

const LOADING = 'Loading the network…';

/** The labels of a button that needs the network: before it is loaded, that of the first button that loads it; then its own. */
export const loadLabel = (): ((network: Shipped, own: string) => string) => {
  const load = byId('load', HTMLButtonElement).textContent ?? '';
  return ({ phase }, own) => (phase === 'absent' ? load : phase === 'loaded' ? own : LOADING);
};
