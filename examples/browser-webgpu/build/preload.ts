/** Imports the code of a button without the helper of Vite, which would load styles with it: there are none. */
import type { Plugin } from 'vite';

export const preload: Plugin = {
  name: 'preload',
  enforce: 'pre',
  load: {
    filter: { id: /vite[/]preload-helper/ },
    handler: () => 'export const __vitePreload = (load) => load();',
  },
};
