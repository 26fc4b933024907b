/** Access to the elements of index.html. */
import type { Event } from '../page/event.js';
import type { Shipped } from '../page/network.js';

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

type Phase = Shipped['phase'];

/** The labels of a button that loads the network: that of the first such button in index.html, and after loading its own. */
export const loadLabel = (): ((phase: Phase, own: string) => string) => {
  const load = byId('load', HTMLButtonElement).textContent ?? '';
  return (phase, own) => (phase === 'absent' ? load : phase === 'loaded' ? own : LOADING);
};

/** A button that loads the network, and once it is loaded reports an event. `isReady` says if it can do its work then. */
export const needsNetwork = (
  id: string,
  event: Event,
  happened: (event: Event) => void,
): ((phase: Phase, own: string, isReady: boolean) => void) => {
  const press = byId(id, HTMLButtonElement);
  const label = loadLabel();
  let isAbsent = true;
  press.addEventListener('click', () => happened(isAbsent ? { _tag: 'NetworkWanted' } : event));
  return (phase, own, isReady) => {
    isAbsent = phase === 'absent';
    press.disabled = phase === 'loaded' && !isReady;
    setText(press, label(phase, own));
  };
};
