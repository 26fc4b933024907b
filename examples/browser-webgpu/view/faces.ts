/** The figure "Describe it". */
import { type Attribute, attributes, heldOutPairsOf, namesOf, SIDE } from '../../faces/attributes.js';
import type { Event } from '../page/event.js';
import { codeOf, COUNT, type End, ENDS, type Faces, NAMES, type Request, way } from '../page/faces.js';
import { isDone } from '../page/film.js';
import { draws } from '../page/network.js';
import { byId, element, needsNetwork, type Part, setText } from './elements.js';

const titleOf = (name: Attribute): string => (name === 'hairColor' ? 'hair colour' : name);

/** The names of the two faces in the labels of their selects. */
const ENDS_IN_WORDS: Readonly<Record<End, string>> = { face: 'first face', other: 'last face' };

const ANY = 'any';

/** Shows one of several RGB images. */
const show = (canvas: HTMLCanvasElement, pixels: Uint8Array, at: number): void => {
  const image = new ImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const from = 3 * (at * SIDE * SIDE + i);
    image.data.set([pixels[from]!, pixels[from + 1]!, pixels[from + 2]!, 255], 4 * i);
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
};

/** The pairs of values of a request that training never shows together, in words. */
const unseen = (request: Request): readonly string[] =>
  heldOutPairsOf(request).map((pair) =>
    namesOf(pair)
      .map((name) => `“${titleOf(name)}: ${pair[name]}”`)
      .join(' and '),
  );

export const facesPart = (happened: (event: Event) => void): Part<Faces> => {
  const selects = ENDS.flatMap((end) => {
    const place = byId(end, HTMLDivElement);
    return NAMES.map((name) => {
      const label = titleOf(name);
      const select = element('select', { 'aria-label': `${label} of the ${ENDS_IN_WORDS[end]}` });
      select.append(...[...attributes[name], ANY].map((value) => element('option', { value }, value)));
      select.addEventListener('change', () => {
        happened({ _tag: 'AttributeChosen', end, name, value: select.value === ANY ? null : select.value });
      });
      place.append(element('label', { class: 'select' }, element('span', {}, label), select));
      return { end, name, select };
    });
  });
  const place = byId('way', HTMLDivElement);
  const figures = Array.from({ length: COUNT }, () => {
    const canvas = element('canvas', { width: `${SIDE}`, height: `${SIDE}`, role: 'img' });
    const caption = element('figcaption');
    const figure = element('figure', {}, canvas, caption);
    place.append(figure);
    return { figure, canvas, caption };
  });
  const hint = byId('unseen-pairs', HTMLParagraphElement);
  const code = byId('faces-code', HTMLElement);
  const press = needsNetwork('draw-faces', { _tag: 'FacesPressed' }, happened, {
    wanted: { _tag: 'FacesWanted' },
    first: 'draw-faces',
  });

  return (faces) => {
    for (const { end, name, select } of selects) select.value = faces[end][name] ?? ANY;
    press(faces.phase, 'From other noise', draws(faces));
    const requests = way(faces);
    const still = faces.film?.stills.at(-1);
    place.classList.toggle('old', still === undefined && faces.film !== null); // pictures of a request before
    figures.forEach(({ figure, canvas, caption }, i) => {
      const name = NAMES[i - 1];
      figure.hidden = name !== undefined && faces.face[name] === faces.other[name];
      const words = name === undefined ? 'the first' : `${titleOf(name)}: ${requests[i]![name] ?? ANY}`;
      setText(caption, words);
      canvas.setAttribute('aria-label', `A face, ${words}`);
      if (still !== undefined) show(canvas, still.image, i);
    });
    place.dataset['film'] = faces.film !== null && isDone(faces.film) ? `${faces.film.id}` : '';
    const pairs = [...new Set(requests.flatMap(unseen))];
    setText(hint, pairs.length === 0 ? '' : `No face of the training has ${pairs.join(', or ')}.`);
    setText(code, codeOf(faces.face));
  };
};
