/** The chart of the loss in its place on the page. */
import type { Learning } from '../page/learning.js';
import { chart } from './chart.js';
import { byId, type Part } from './elements.js';

/** The minimum height. */
const LEAST = 120;

/** The chart as text, for screen readers. */
const inWords = ({ losses, heldOut }: Learning): string => {
  const [first, last, held] = [losses[0], losses.at(-1), heldOut.at(-1)];
  if (first === undefined || last === undefined) return 'The loss, before any update';
  const from = `from update ${first.step} to ${last.step}: from ${first.loss.toFixed(3)} to ${last.loss.toFixed(3)}`;
  const unseen = held === undefined ? '' : `; ${held.loss.toFixed(3)} on digits it never saw`;
  return `The loss ${from}${unseen}`;
};

export const lossPart = (): Part<Learning> => {
  const place = byId('chart', HTMLDivElement);
  let drawn: Learning | null = null;
  const draw = (): void => {
    const { width, height } = place.getBoundingClientRect();
    if (drawn === null || width === 0) return;
    place.setAttribute('aria-label', inWords(drawn));
    place.innerHTML = chart(drawn, { width, height: Math.max(height, LEAST) });
  };
  new ResizeObserver(draw).observe(place);
  return (state) => {
    const { losses, heldOut, goal } = state;
    if (drawn?.losses === losses && drawn.heldOut === heldOut && drawn.goal === goal) return;
    drawn = state;
    draw();
  };
};
