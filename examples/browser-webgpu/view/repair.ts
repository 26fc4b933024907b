/** The tools beside the easel, and the results. */
import { type Easel, WAYS } from '../page/easel.js';
import type { Event, FillAs } from '../page/event.js';
import { isDone } from '../page/film.js';
import { regions } from '../page/mask.js';
import { AREA, CLASSES } from '../shared/extent.js';
import { button, byId, element, type Part, setText } from './elements.js';
import { tilesIn } from './tiles.js';

const fillAsOf = (value: string): FillAs => (value === 'same' || value === 'any' ? value : Number(value));

/** The reason why nothing can be filled in; empty if something can. */
const whyNot = ({ ready, image, mask }: Pick<Easel, 'ready' | 'image' | 'mask'>): string => {
  if (!ready) return 'Load the network above, or train your own.';
  if (image === null) return 'Press a drawn digit to repair it.';
  return mask.includes(1) ? '' : 'First erase a part of the digit.';
};

export const toolsPart = (happened: (event: Event) => void): Part<Easel> => {
  const eraser = byId('eraser', HTMLButtonElement);
  const [digit, fill] = [byId('digit', HTMLButtonElement), byId('fill', HTMLButtonElement)];
  const [ink, paper, change] = ['ink', 'paper', 'change'].map((id) => byId(id, HTMLButtonElement)) as [
    HTMLButtonElement,
    HTMLButtonElement,
    HTMLButtonElement,
  ];
  const [strength, strengthValue] = [byId('strength', HTMLInputElement), byId('strength-value', HTMLOutputElement)];
  const [brush, brushValue] = [byId('brush', HTMLInputElement), byId('brush-value', HTMLOutputElement)];
  const fillAs = byId('fill-as', HTMLSelectElement);
  const fillHint = byId('fill-hint', HTMLParagraphElement);

  byId('regions', HTMLDivElement).append(
    ...regions.map((region) => {
      const name = region === 'none' ? 'nothing' : region;
      return button({ 'aria-label': `Erase ${name}` }, () => happened({ _tag: 'RegionChosen', region }), name);
    }),
  );
  fillAs.append(
    element('option', { value: 'same' }, 'the original digit'),
    element('option', { value: 'any' }, 'whatever fits'),
    ...Array.from({ length: CLASSES }, (_, label) => element('option', { value: `${label}` }, `a ${label}`)),
  );
  eraser.addEventListener('click', () => happened({ _tag: 'EraserToggled' }));
  digit.addEventListener('click', () => happened({ _tag: 'DigitAsked' }));
  ink.addEventListener('click', () => happened({ _tag: 'InkToggled' }));
  paper.addEventListener('click', () => happened({ _tag: 'PaperPressed' }));
  change.addEventListener('click', () => happened({ _tag: 'ChangePressed' }));
  strength.addEventListener('input', () => happened({ _tag: 'StrengthSet', t: strength.valueAsNumber }));
  fill.addEventListener('click', () => happened({ _tag: 'FillPressed' }));
  brush.addEventListener('input', () => happened({ _tag: 'BrushSet', radius: brush.valueAsNumber }));
  fillAs.addEventListener('change', () => happened({ _tag: 'FillAsSet', as: fillAsOf(fillAs.value) }));

  return ({ image, mask, radius, erasing, inking, t, painting, ready }) => {
    ink.setAttribute('aria-pressed', `${inking}`);
    strength.value = `${t}`;
    setText(strengthValue, `${t / 10}\u00a0%`);
    change.disabled = !ready || image === null;
    eraser.setAttribute('aria-pressed', `${erasing}`);
    brush.value = `${radius}`;
    setText(brushValue, `${radius}`);
    digit.disabled = !ready;
    fill.disabled = whyNot({ ready, image, mask }) !== '';
    setText(fill, painting ? 'Drawing…' : 'Fill in');
    setText(fillHint, whyNot({ ready, image, mask }));
  };
};

const hintOf = ({ film, painting }: Easel): string => {
  if (film === null) return 'Four results appear here.';
  return painting ? `step ${Math.max(0, film.stills.length - 1)} of ${film.of}` : 'Press one to continue with it.';
};

export const waysPart = (happened: (event: Event) => void): Part<Easel> => {
  const hint = byId('repair-hint', HTMLParagraphElement);
  const place = byId('repaired', HTMLDivElement);
  let state: Easel | null = null;
  let before: Uint8Array | undefined;
  let chosen: number | null = null;
  const tiles = tilesIn(place, WAYS, (i) => {
    const image = state?.film?.stills.at(-1)?.image.slice(i * AREA, (i + 1) * AREA);
    chosen = i;
    tiles.choose(i);
    if (state?.film && image !== undefined) happened({ _tag: 'DigitPicked', image, label: state.label });
  });
  return (easel) => {
    state = easel;
    const image = easel.film?.stills.at(-1)?.image;
    const isComing = image === undefined && easel.painting;
    if (isComing) chosen = null;
    before = isComing ? before : image;
    place.classList.toggle('old', isComing);
    tiles.choose(chosen);
    tiles.draw(before, (i) => `Repair ${i + 1}: continue with it`);
    tiles.allow(easel.film !== null && isDone(easel.film));
    setText(hint, hintOf(easel));
  };
};
