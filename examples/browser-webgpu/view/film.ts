/** The drawn digits and their film. */
import { COUNT, type Drawing, indexOf, labelsOf } from '../page/drawing.js';
import type { Event } from '../page/event.js';
import { isDone } from '../page/film.js';
import { AREA } from '../shared/extent.js';
import { byId, type Part, setText } from './elements.js';
import { tilesIn } from './tiles.js';

/** The caption of the digits. */
const hintOf = ({ shown, coming, network, ready }: Drawing): string => {
  if (coming !== null && !coming.quietly) return 'from noise to digits…';
  if (shown === null) return ready ? '' : 'load the network above, or train your own';
  if (network === 'shipped') return 'by the loaded network';
  return shown.learned === 0
    ? 'only noise yet: nothing was learned'
    : `by your network, after ${shown.learned} updates`;
};

/** The label of the visible still. */
const momentOf = (drawing: Drawing): string => {
  const { shown } = drawing;
  if (shown === null || shown.stills.length === 0) return '–';
  const index = indexOf(drawing);
  return index === shown.of ? 'done' : `step ${index} of ${shown.of}`;
};

export const filmPart = (happened: (event: Event) => void): Part<Drawing> => {
  const play = byId('play', HTMLButtonElement);
  const scrub = byId('scrub', HTMLInputElement);
  const moment = byId('moment', HTMLOutputElement);
  const hint = byId('draw-hint', HTMLParagraphElement);
  const place = byId('drawing', HTMLDivElement);

  let state: Drawing | null = null;
  let chosen = { film: -1, tile: 0 };
  const tiles = tilesIn(place, COUNT, (i) => {
    const still = state?.shown?.stills[indexOf(state)];
    if (!state?.shown || still === undefined) return;
    chosen = { film: state.shown.id, tile: i };
    tiles.choose(i);
    happened({
      _tag: 'DigitPicked',
      image: still[state.side].slice(i * AREA, (i + 1) * AREA),
      label: state.shown.labels[i]!,
    });
  });
  play.addEventListener('click', () => happened({ _tag: 'PlayToggled' }));
  scrub.addEventListener('input', () => happened({ _tag: 'Scrubbed', index: scrub.valueAsNumber }));
  byId('side', HTMLFieldSetElement).addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement)
      happened({ _tag: 'SideChosen', side: target.value === 'guess' ? 'guess' : 'image' });
  });

  return (drawing) => {
    state = drawing;
    const { shown, playing, side, steps } = drawing;
    const index = indexOf(drawing);
    const still = shown?.stills[index];
    const done = shown !== null && isDone(shown);
    const labels = shown?.labels ?? labelsOf(drawing.classes);
    tiles.draw(
      still?.[side],
      (i) => `A drawn ${labels[i]}, to be repaired below`,
      (i) => `${labels[i]}`,
    );
    tiles.choose(shown?.id === chosen.film ? chosen.tile : null);
    tiles.allow(still !== undefined);
    place.classList.toggle('old', drawing.coming?.quietly === false && shown?.id !== drawing.coming.film.id);
    place.dataset['film'] = done ? `${shown.id}` : '';
    scrub.max = `${shown?.of ?? steps}`;
    scrub.value = `${index}`;
    scrub.disabled = !done;
    scrub.setAttribute('aria-valuetext', index === 0 ? 'pure noise' : momentOf(drawing));
    play.disabled = !done;
    play.setAttribute('aria-label', playing ? 'Stop' : 'Play from noise to digits');
    setText(play, playing ? '❚❚' : '▶');
    setText(moment, momentOf(drawing));
    setText(hint, hintOf(drawing));
  };
};
