/** Announcements for screen readers: the visible changes. */
import { UPDATES } from '../shared/plane.js';
import type { Drawing } from './drawing.js';
import type { Event } from './event.js';
import type { Learning } from './learning.js';

/** The number of steps between announcements. */
const EVERY = 100;

/** The announcement of an event, or null. Notices announce themselves. */
export const said = (event: Event, { step, goal, pace }: Learning, { coming }: Drawing): string | null => {
  switch (event._tag) {
    case 'TrainPressed':
      return `Training until update ${goal}`;
    case 'Stepped':
      return step % EVERY === 0 ? `Update ${step} of ${goal}, loss ${pace.loss.toFixed(3)}` : null;
    case 'Rested':
      return `Training paused after update ${event.step}`;
    case 'Painted':
      if (event.purpose === 'repair') return 'Four results drawn';
      if (event.purpose === 'morph') return 'Digits between the two drawn';
      if (event.purpose === 'faces') return 'Faces drawn';
      return event.purpose === 'drawing' && coming === null ? 'New digits drawn' : null;
    case 'NetworkLoaded':
      return 'The network is loaded';
    case 'FacesLoaded':
      return 'The network of faces is loaded';
    case 'Recognized':
      return 'A row of digits drawn';
    case 'PlaneFilm':
      return event.updates === UPDATES ? 'The network of the plane is trained' : null;
    case 'Saved':
      return `Checkpoint of update ${event.step} saved`;
    default:
      return null;
  }
};
