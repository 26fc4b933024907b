/** The buttons that share a figure; their code loads when one is pressed. */
import { download } from './download.js';

/** Shows a figure alone, as `?embed=noising&hide=controls` asks. An unknown name is ignored. */
export const showAsked = (query: string): void => {
  const asked = new URLSearchParams(query);
  const { dataset } = document.documentElement;
  const figures = [...document.querySelectorAll<HTMLElement>('main > section')];
  if (figures.some(({ id }) => id === asked.get('embed'))) {
    dataset['embed'] = '';
    for (const figure of figures) figure.hidden = figure.id !== asked.get('embed');
  }
  dataset['hide'] = asked.get('hide') ?? '';
};

/** `hash` gives the hash of the URL that shows the page as it is; `say` announces what was done. */
export const listenToShare = (hash: () => string, say: (text: string) => void): void =>
  document.addEventListener('click', async ({ target }) => {
    const pressed = target instanceof Element ? target.closest<HTMLElement>('[data-share]') : null;
    const figure = pressed?.closest<HTMLElement>('main > section');
    if (!pressed || !figure) return;
    try {
      say(await (await import('./sharing.js')).share(pressed.dataset['share'] ?? '', figure, hash(), download));
    } catch (thrown) {
      console.warn(thrown);
      say('This browser does not allow it.');
    }
  });
