/** The acts of a figure without controls, which moves by itself. */
import type { Event } from './event.js';
import { isDone } from './film.js';
import { draws } from './network.js';
import type { Page } from './page.js';
import { LAST } from './removing.js';

/** The event that starts or stops what moves, so that it rests if `still`; null if it does. */
const toward = (still: boolean, moves: boolean, start: Event, stop = start): Event | null => {
  if (moves !== still) return null;
  return still ? stop : start;
};

/** The next event of a figure without controls: it loads the network, draws, and plays, which rests if `still`. */
export const nextAlone = (figure: string, still: boolean, page: Omit<Page, 'opened'>): Event | null => {
  const { noising, network, removing, guiding, faces, plane, drawing, morph, notices } = page;
  const failed = (what: string): boolean => notices.some(({ about }) => about === what);
  if (figure === 'noising')
    return toward(still, noising.drift !== null, { _tag: 'DriftStarted' }, { _tag: 'NoisingSet', query: '' });
  if (figure === 'plane') return toward(still, plane.playing, { _tag: 'PlanePlayToggled' });
  if (figure === 'faces')
    // it draws once it is loaded
    return faces.phase !== 'absent' || failed('networkOfFaces') ? null : { _tag: 'FacesWanted' };
  if (network.phase === 'absent') return failed('network') ? null : { _tag: 'NetworkWanted' };
  if (!draws(network)) return null;
  switch (figure) {
    case 'removing': {
      const [film = null] = removing.films;
      const column = (removing.column + 1) % (LAST + 1);
      return still || film === null || !isDone(film) ? null : { _tag: 'RemovingSet', query: `column=${column}` };
    }
    case 'guiding':
      return guiding.rows.length === 0 ? { _tag: 'GuidePressed' } : null;
    default:
      if (morph.film === null && morph.encoding === null) return { _tag: 'MorphPressed' };
      return drawing.shown !== null && isDone(drawing.shown)
        ? toward(still, drawing.playing, { _tag: 'PlayToggled' })
        : null;
  }
};
