/** Imports the code of a button directly. The helper of Vite would also load its styles, and it has none. */
import type { Plugin } from 'vite';

export const preload: Plugin = {
  name: 'preload',
  enforce: 'pre',
  load: {
    filter: { id: /vite[/]preload-helper/ },
    handler: () => 'export const __vitePreload = (load) => load();',
  },
};
