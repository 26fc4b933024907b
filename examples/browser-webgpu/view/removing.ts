/** The figure "Remove it". */
import type { Event } from '../page/event.js';
import { type Film, isDone } from '../page/film.js';
import type { Shipped } from '../page/network.js';
import { mixed, type Noising, normals } from '../page/noising.js';
import { codeOf, LAST, levelAt, networkTime, type Removing, stillOf, timesOf, WAYS } from '../page/removing.js';
import { AREA } from '../shared/extent.js';
import { digitIn, levelsIn, type Mix, STRIDE, T } from '../shared/noising.js';
import { signal, signalOf } from './curves.js';
import { byId, element, loadLabel, type Part, setText } from './elements.js';
import { clear, show } from './ink.js';

/** The parts of the page that the figure shows. */
export interface Removal {
  readonly removing: Removing;
  readonly noising: Noising;
  readonly network: Shipped;
}

const written = (n: number): string => n.toFixed(2);

const canvasIn = (parent: HTMLElement, attributes: Readonly<Record<string, string>>): HTMLCanvasElement => {
  const canvas = element('canvas', { width: '28', height: '28', ...attributes });
  parent.append(canvas);
  return canvas;
};

/** Shows the pixels of a still of a film. Older ones stay until it comes, and go if there is no film. */
const put = (canvas: HTMLCanvasElement, film: Film | null, pixels: Uint8Array | undefined): void => {
  if (film === null) clear(canvas);
  else if (pixels !== undefined) show(canvas, pixels, 0);
};

/** The button that loads the network, once; then `next` gets its focus. */
const loader = (happened: (event: Event) => void, next: HTMLElement): Part<Shipped> => {
  const load = byId('load', HTMLButtonElement);
  const label = loadLabel();
  let focused = false;
  load.addEventListener('click', () => happened({ _tag: 'NetworkWanted' }));
  return ({ phase }) => {
    focused ||= document.activeElement === load; // a disabled button loses it
    load.disabled = phase !== 'absent';
    setText(load, label(phase, 'The network is loaded'));
    if (!focused || phase === 'wanted' || phase === 'loading') return;
    focused = false;
    const active = document.activeElement;
    if (active === document.body || active === load) (phase === 'loaded' ? next : load).focus();
  };
};

/** The signal above which the first guess is no blur. */
const CLEAR = 0.1;

/** Says what the way back from a t of the first figure shows. */
const startOf = (t: number, level: Mix): string =>
  signalOf(level) > CLEAR
    ? `At t = ${t}, set above, much of the digit shows. From t near ${T}, the guess begins as a blur.`
    : `At t = ${t}, set above, noise hides the digit: it may come back in another shape.`;

export const removingPart = (happened: (event: Event) => void): Part<Removal> => {
  const place = byId('removing', HTMLElement);
  const [still, guess] = ['still', 'guess'].map((id) => byId(id, HTMLCanvasElement)) as [
    HTMLCanvasElement,
    HTMLCanvasElement,
  ];
  const [slider, value] = [byId('column', HTMLInputElement), byId('column-value', HTMLOutputElement)];
  const drawLoader = loader(happened, slider);
  const [formula, code] = [byId('removing-formula', HTMLElement), byId('removing-code', HTMLElement)];
  const start = byId('removing-start', HTMLParagraphElement);
  const columns = Array.from({ length: LAST + 1 }, (_, column) => {
    const figure = element('figure');
    const canvases = [canvasIn(figure, {}), canvasIn(figure, {})] as const;
    const caption = element('figcaption');
    figure.append(caption);
    figure.addEventListener('click', () => happened({ _tag: 'RemovingSet', query: `column=${column}` }));
    byId('strip', HTMLDivElement).append(figure);
    return { figure, canvases, caption };
  });
  // in the order of their numbers of steps, and last the one with new noise
  const results = [2, 3, 4, 0, 5, 1].map((way) => {
    const { solver, steps } = WAYS[way]!;
    const name = `${steps} ${steps === 1 ? 'step' : 'steps'}${solver === 'ancestral' ? ', new noise' : ''}`;
    const figure = element('figure');
    const canvas = canvasIn(figure, { role: 'img', 'aria-label': `The digit after ${name}` });
    figure.append(element('figcaption', {}, name));
    byId('ways', HTMLDivElement).append(figure);
    return { way, canvas };
  });
  place.addEventListener('input', ({ target }) => {
    if (target instanceof HTMLInputElement) happened({ _tag: 'RemovingSet', query: `${target.name}=${target.value}` });
  });

  return ({ removing, noising, network }) => {
    const { films, column, byClass } = removing;
    const { file, path, t, digit, seed } = noising;
    slider.value = `${column}`;
    slider.disabled = films[0] === null;
    for (const one of place.querySelectorAll<HTMLInputElement>('[type=radio]'))
      one.checked = (one.value === 'yes') === byClass;
    drawLoader(network);
    if (file === null) return;
    const levels = levelsIn(file, path);
    const times = timesOf({ file, path, t });
    setText(code, codeOf(digit, networkTime({ file, path, t }), byClass));
    const wordsAt = (k: number): string => {
      const at = Math.round(times[k]!);
      return `t = ${at}, ${signal(levelAt(levels, times[k]!))}`;
    };
    const main: Film | null = films[0] ?? null;
    const stillAt = (k: number) => (main === null ? undefined : stillOf(main, k));
    columns.forEach(({ figure, canvases, caption }, k) => {
      const { image, guess: guessed } = stillAt(k) ?? {};
      put(canvases[0], main, image);
      put(canvases[1], main, guessed);
      figure.toggleAttribute('data-on', k === column);
      figure.title = wordsAt(k);
      setText(caption, `${Math.round(times[k]!)}`);
    });
    put(still, main, stillAt(column)?.image);
    put(guess, main, stillAt(column)?.guess);
    setText(start, startOf(t, levels[t / STRIDE]!));
    setText(value, t === 0 ? 'no noise to remove' : wordsAt(column));
    slider.ariaValueText = wordsAt(column);
    for (const { way, canvas } of results) {
      const film = films[way] ?? null;
      put(canvas, film, film?.stills[film.of]?.image);
    }
    place.dataset['film'] = films.every((film) => film !== null && isDone(film)) ? `${main?.id}` : '';
    if (main === null)
      // where the way back begins
      for (const canvas of [still, columns[0]!.canvases[0]])
        show(canvas, mixed(digitIn(file, digit), normals(seed, AREA), levels[t / STRIDE]!), 0);

    const to = levelAt(levels, times[Math.min(LAST, column + 1)]!);
    setText(
      formula,
      `From t = ${Math.round(times[column]!)} to the next column it is ${written(to.alpha)} · x̂₀ + ${written(to.sigma)} · ε̂.`,
    );
  };
};
