/** The elements of the page, which index.html has. */

/** The element of an id, of a class of elements; that it is there is for index.html to see to. */
export const byId = <E extends HTMLElement>(id: string, type: new () => E): E => {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return found;
};

/** Gives an element another text, if it is another: what has not changed is not read out again. */
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

/** What draws a part of the page; it is asked again whenever that part may have changed. */
export type Part<S> = (state: S) => void;

/** Whether it is dark: images are drawn in other colours then. */
export const night = matchMedia('(prefers-color-scheme: dark)');

/** A part that draws nothing where its state is the same object, in the same light. */
export const memo = <S>(part: Part<S>): Part<S> => {
  let drawn: { readonly state: S; readonly dark: boolean } | null = null;
  return (state) => {
    const dark = night.matches;
    if (drawn?.state === state && drawn.dark === dark) return;
    drawn = { state, dark };
    part(state);
  };
};
