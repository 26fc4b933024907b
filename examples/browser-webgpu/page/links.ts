/**
 * The link of the page: the hash of the URL. Each figure that has choices registers how it writes them, and which event reads
 * them; the figure leaves out what is invalid, each part by itself.
 */
import { drawingQuery } from './drawing.js';
import type { Event } from './event.js';
import { facesQuery } from './faces.js';
import { guidingQuery } from './guiding.js';
import { morphQuery } from './morph.js';
import { noisingQuery } from './noising.js';
import type { Page } from './page.js';
import { planeQuery } from './plane.js';
import { removingQuery } from './removing.js';

interface Linked {
  /** The event that reads the choices of the figure in a query, and ignores those of others. */
  readonly event: Extract<Event, { readonly query: string }>['_tag'];
  /** The choices as a query; empty if they are those of a first visit. */
  readonly encode: (page: Omit<Page, 'opened'>) => string;
}

const LINKED: readonly Linked[] = [
  { event: 'NoisingSet', encode: ({ noising }) => noisingQuery(noising) },
  { event: 'RemovingSet', encode: ({ removing }) => removingQuery(removing) },
  { event: 'GuidingSet', encode: ({ guiding }) => guidingQuery(guiding) },
  { event: 'FacesSet', encode: ({ faces }) => facesQuery(faces) },
  { event: 'PlaneSet', encode: ({ plane }) => planeQuery(plane) },
  { event: 'DrawingSet', encode: ({ drawing }) => drawingQuery(drawing) },
  { event: 'MorphSet', encode: ({ morph }) => morphQuery(morph) },
];

/** The hash of the URL that shows the page as it is. */
export const hashOf = (page: Omit<Page, 'opened'>): string =>
  `#${LINKED.map(({ encode }) => encode(page))
    .filter((query) => query !== '')
    .join('&')}`;

/** The figures that the shipped network draws. */
const FIGURES = ['removing', 'guiding', 'use'];

/** The events that follow a link; none for the name of a figure, as in the menu. */
export const eventsOf = (hash: string): readonly Event[] => {
  const query = hash.slice(1);
  if (!query.includes('=')) return [];
  const choices = LINKED.map(({ event: _tag }) => ({ _tag, query }));
  const figure = figureOf(hash);
  if (figure === 'faces') return [...choices, { _tag: 'FacesWanted' }];
  return FIGURES.includes(figure) ? [...choices, { _tag: 'NetworkWanted' }] : choices;
};

/** The figure that a link shows; empty for a link to the page. */
export const figureOf = (hash: string): string => new URLSearchParams(hash.slice(1)).get('figure') ?? '';
