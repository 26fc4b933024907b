/** The buttons that share a figure; their code loads when one is pressed. */
import { download } from './elements.js';

/** Shows a figure alone, as `?embed=noising&hide=controls` asks; returns it if it has no controls. An unknown name is ignored. */
export const showAsked = (query: string): HTMLElement | null => {
  const asked = new URLSearchParams(query);
  const { dataset } = document.documentElement;
  const figures = [...document.querySelectorAll<HTMLElement>('main > section')];
  const shown = figures.find(({ id }) => id === asked.get('embed'));
  if (shown === undefined) return null;
  dataset['embed'] = '';
  for (const figure of figures) figure.hidden = figure !== shown;
  dataset['hide'] = asked.get('hide') ?? '';
  return dataset['hide'] === 'controls' ? shown : null;
};

/** `hash` gives the hash of the URL that shows the page as it is. What was done stands beside the buttons. */
export const listenToShare = (hash: () => string): void =>
  document.addEventListener('click', async ({ target }) => {
    const pressed = target instanceof Element ? target.closest<HTMLElement>('[data-share]') : null;
    const figure = pressed?.closest<HTMLElement>('main > section');
    if (!pressed || !figure) return;
    const answer = figure.querySelector<HTMLOutputElement>('.share output')!; // the build writes it with the buttons
    answer.value = '';
    try {
      const { share } = await import('./sharing.js');
      answer.value = await share(pressed.dataset['share'] ?? '', figure, hash(), download);
    } catch (thrown) {
      console.warn(thrown);
      answer.value = 'This browser does not allow it.';
    }
  });
