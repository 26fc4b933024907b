/** The figure "Guide it". */
import type { Event } from '../page/event.js';
import { codeOf, type Guiding, type Row, SCALES } from '../page/guiding.js';
import { draws, type Shipped } from '../page/network.js';
import { CLASSES, SIDE } from '../shared/extent.js';
import { byId, element, needsNetwork, type Part, setText } from './elements.js';
import { inked, inkOf } from './ink.js';

/** The parts of the page that the figure shows. */
export interface Guide {
  readonly guiding: Guiding;
  readonly network: Shipped;
}

/** The pixels between two digits. */
const GAP = 2;

/** Draws ten digits beside each other, the first of which is at an index. */
const showTen = (canvas: HTMLCanvasElement, pixels: Uint8Array, first: number): void => {
  const [context, ink] = [canvas.getContext('2d'), inkOf(canvas)];
  for (let i = 0; i < CLASSES; i++) context?.putImageData(inked(pixels, first + i, ink), i * (SIDE + GAP), 0);
};

/** The score of a row in words. */
const inWords = ({ film, score }: Row): string => {
  if (score === null) return film.stills.length === 0 ? 'waits…' : `step ${film.stills.length - 1} of ${film.of}`;
  const { recognized, variety } = score;
  const seen = recognized === null ? '' : `${recognized} of ${film.labels.length} recognized, `;
  return `${seen}variety ${Math.round(100 * variety)}\u00a0%`;
};

const ABOUT: Readonly<Record<number, string>> = { 0: 'not told', 1: 'told', 2.5: 'usual', 6: 'strong' };

export const guidingPart = (happened: (event: Event) => void): Part<Guide> => {
  const place = byId('scales', HTMLDivElement);
  const rows = SCALES.map((scale) => {
    const canvases = [0, 1].map((half) =>
      element('canvas', {
        width: `${CLASSES * (SIDE + GAP) - GAP}`,
        height: `${SIDE}`,
        role: 'img',
        'aria-label': `Digits from 0 to 9 at scale ${scale}, ${half === 0 ? 'from one noise' : 'from another'}`,
      }),
    );
    const score = element('span', { class: 'hint' });
    const about = ABOUT[scale];
    const title = element('b', {}, `${scale}${about === undefined ? '' : `, ${about}`}`);
    place.append(element('div', {}, title, ...canvases, score));
    return { canvases, score };
  });
  const press = needsNetwork('guide', { _tag: 'GuidePressed' }, happened);
  setText(byId('guiding-code', HTMLElement), codeOf(SCALES[2]));

  return ({ guiding, network }) => {
    press(network.phase, guiding.rows.length === 0 ? 'Draw 80 digits' : 'From other noise', draws(network));
    rows.forEach(({ canvases, score }, i) => {
      const row = guiding.rows[i];
      const still = row?.film.stills.at(-1);
      if (still) canvases.forEach((canvas, half) => showTen(canvas, still.image, half * CLASSES)); // older ones stay until then
      setText(score, row === undefined ? '–' : inWords(row));
    });
  };
};
