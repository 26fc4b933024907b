/** Elements: those of index.html, and new ones. */
import type { Event } from '../page/event.js';
import type { Download } from '../page/network.js';

/** The element with an id and a class. Throws if index.html lacks it. */
export const byId = <E extends HTMLElement>(id: string, type: new () => E): E => {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return found;
};

/** Sets the text of an element if it differs, so that screen readers do not repeat it. */
export const setText = (element: HTMLElement, text: string): void => {
  if (element.textContent !== text) element.textContent = text;
};

/** A new element with attributes and children. */
export const element = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] => {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
};

/** A new button with attributes and children. */
export const button = (
  attributes: Readonly<Record<string, string>>,
  pressed: () => void,
  ...children: readonly (Node | string)[]
): HTMLButtonElement => {
  const made = element('button', { type: 'button', ...attributes }, ...children);
  made.addEventListener('click', pressed);
  return made;
};

/** Offers a file to the user. */
export const download = (name: string, content: Blob): void => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

/** Draws a part of the page whenever it may have changed. */
export type Part<S> = (state: S) => void;

/** Dark mode: images have other colours. */
export const night = matchMedia('(prefers-color-scheme: dark)');

/** Skips drawing if the parts of the state that it depends on, and the colour scheme, are unchanged. */
export const memoOf =
  <S>(dependencies: (state: S) => readonly unknown[]) =>
  (part: Part<S>): Part<S> => {
    let drawn: readonly unknown[] = [];
    return (state) => {
      const next = [night.matches, ...dependencies(state)];
      if (next.every((one, i) => one === drawn[i])) return;
      drawn = next;
      part(state);
    };
  };

/** Skips drawing if the state and the colour scheme are unchanged. */
export const memo: <S>(part: Part<S>) => Part<S> = memoOf((state) => [state]);

const LOADING = 'Loading the network…';

type Phase = Download['phase'];

/** The labels of a button that loads a network: that of a button in index.html, and after loading its own. */
export const loadLabel = (first = 'load'): ((phase: Phase, own: string) => string) => {
  const load = byId(first, HTMLButtonElement).textContent ?? '';
  return (phase, own) => (phase === 'absent' ? load : phase === 'loaded' ? own : LOADING);
};

/** The event that loads a network, and the first button in index.html that does. */
interface Loading {
  readonly wanted: Event;
  readonly first: string;
}

/** A button that loads a network, and once it is loaded reports an event. `isReady` says if it can do its work then. */
export const needsNetwork = (
  id: string,
  event: Event,
  happened: (event: Event) => void,
  { wanted, first }: Loading = { wanted: { _tag: 'NetworkWanted' }, first: 'load' },
): ((phase: Phase, own: string, isReady: boolean) => void) => {
  const press = byId(id, HTMLButtonElement);
  const label = loadLabel(first);
  let isAbsent = true;
  press.addEventListener('click', () => happened(isAbsent ? wanted : event));
  return (phase, own, isReady) => {
    isAbsent = phase === 'absent';
    press.disabled = phase === 'loaded' && !isReady;
    setText(press, label(phase, own));
  };
};
