/** The morph between two digits, and the choice of the network that draws. */
import type { Event } from '../page/event.js';
import { isDone } from '../page/film.js';
import { BETWEEN, codeOf, type Morph } from '../page/morph.js';
import { chosenDraws, type Shipped } from '../page/network.js';
import { DIGITS } from '../shared/noising.js';
import { byId, element, needsNetwork, type Part, setText } from './elements.js';
import { show } from './ink.js';

/** The parts of the page that this one shows. */
export interface Use {
  readonly morph: Morph;
  readonly network: Shipped;
}

const ENDS = ['from', 'to'] as const;

export const morphPart = (happened: (event: Event) => void): Part<Use> => {
  const choice = byId('network', HTMLFieldSetElement);
  const selects = ENDS.map((end) => {
    const select = byId(`morph-${end}`, HTMLSelectElement);
    select.append(...DIGITS.map((digit) => element('option', { value: `${digit}` }, `${digit}`)));
    select.addEventListener('change', () => happened({ _tag: 'MorphSet', query: `${end}=${select.value}` }));
    return { end, select };
  });
  const hint = byId('network-hint', HTMLParagraphElement);
  const repairer = byId('repair-by', HTMLElement);
  const place = byId('between', HTMLDivElement);
  const canvases = Array.from({ length: BETWEEN }, (_, i) => {
    const label = `Digit ${i + 1} of ${BETWEEN} on the way`;
    const canvas = element('canvas', { width: '28', height: '28', role: 'img', 'aria-label': label });
    place.append(canvas);
    return canvas;
  });
  const press = needsNetwork('morph', { _tag: 'MorphPressed' }, happened);
  // a click on the choice of now is a choice too: to stay
  choice.addEventListener('click', ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    happened({ _tag: 'NetworkChosen', network: target.value === 'own' ? 'own' : 'shipped' });
  });
  setText(byId('use-code', HTMLElement), codeOf);

  return ({ morph, network }) => {
    for (const { end, select } of selects) select.value = `${morph[end]}`;
    for (const input of choice.querySelectorAll('input')) input.checked = input.value === network.chosen;
    const isOwn = network.chosen === 'own';
    press(isOwn ? 'loaded' : network.phase, 'Morph', chosenDraws(network)); // one's own is here
    setText(
      hint,
      network.awaitsOwn ? 'Your own draws here once its training is complete. Choose one to decide now.' : '',
    );
    setText(repairer, isOwn ? 'your own network, which is chosen above,' : 'the network');
    place.dataset['film'] = morph.film !== null && isDone(morph.film) && morph.encoding === null ? 'done' : '';
    const image = morph.film?.stills.at(-1)?.image;
    if (image !== undefined) canvases.forEach((canvas, i) => show(canvas, image, i)); // older ones stay until then
  };
};
