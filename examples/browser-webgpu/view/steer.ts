/** The controls of the drawing: classes, sliders, new noise. */
import type { Drawing } from '../page/drawing.js';
import type { Event } from '../page/event.js';
import { CLASSES } from '../shared/extent.js';
import { MOST_STEPS } from '../shared/settings.js';
import { roving } from './roving.js';
import { button, byId, type Part, setText } from './elements.js';

/** A slider with its value in words. While it has the focus it does not follow the state. */
const slider = (id: string, inWords: (value: number) => string, set: (value: number) => void): Part<number> => {
  const input = byId(id, HTMLInputElement);
  const output = byId(`${id}-value`, HTMLOutputElement);
  input.addEventListener('input', () => setText(output, inWords(input.valueAsNumber)));
  input.addEventListener('change', () => set(input.valueAsNumber));
  return (value) => {
    if (document.activeElement !== input) input.value = `${value}`;
    setText(output, inWords(input.valueAsNumber));
  };
};

const guidanceInWords = (guidance: number): string => {
  if (guidance === 0) return '0, no class';
  return guidance === 1 ? '1, plain' : `${guidance}`;
};

export const steerPart = (happened: (event: Event) => void): Part<Drawing> => {
  const classes = Array.from({ length: CLASSES }, (_, label) =>
    button({ 'aria-label': `Draw the ${label}` }, () => happened({ _tag: 'ClassToggled', label }), `${label}`),
  );
  const all = button({ 'aria-label': 'Draw all' }, () => happened({ _tag: 'AllClassesPressed' }), 'all');
  const group = byId('classes', HTMLDivElement);
  group.append(...classes, all);
  roving(group);

  const others = byId('others', HTMLButtonElement);
  others.addEventListener('click', () => happened({ _tag: 'DrawPressed' }));
  const guidance = slider('guidance', guidanceInWords, (value) => happened({ _tag: 'GuidanceSet', guidance: value }));
  byId('steps', HTMLInputElement).max = `${MOST_STEPS}`;
  const steps = slider('steps', String, (value) => happened({ _tag: 'StepsSet', steps: value }));

  return (drawing) => {
    const isAll = drawing.classes.length === CLASSES;
    classes.forEach((each, label) => each.setAttribute('aria-pressed', `${!isAll && drawing.classes.includes(label)}`));
    all.setAttribute('aria-pressed', `${isAll}`);
    for (const each of [...classes, all, others]) each.disabled = !drawing.ready;
    guidance(drawing.guidance);
    steps(drawing.steps);
  };
};
