/** The parts of index.html that are the same in each figure, and those that depend on where the page will be. */
import type { Plugin } from 'vite';
import { VERSION } from '../../../src/internal/version.js';

/** The address where the page will be, and that of the repository, if the build knows them: previews of links need the first. */
const { NOISEFOLD_PAGE: address, NOISEFOLD_REPOSITORY: repository } = process.env;
const PACKAGE = 'https://www.npmjs.com/package/noisefold';
const BIBTEX = `@software{noisefold,
  title = {noisefold: diffusion models in TypeScript},
  author = {noisefold contributors}, year = {2026}, version = {${VERSION}},
  url = {${repository ?? PACKAGE}}
}`;

const buttons = (hasFilm: boolean): string =>
  [['link', 'Copy link'], ['png', 'Save PNG'], ...(hasFilm ? [['gif', 'Save GIF']] : []), ['embed', 'Embed']]
    .map(([kind, label]) => `<button type="button" data-share="${kind}">${label}</button>`)
    .join('');

/** Writes what is the same in each figure, and what the build knows. */
export const frame: Plugin = {
  name: 'frame',
  transformIndexHtml: {
    order: 'pre',
    handler: (html) => ({
      html: html
        .split('</section>\n')
        .map((part) =>
          part.replace(
            '{SHARE}',
            `<div class="row tight share" role="group" aria-label="Share this figure">${buttons(part.includes('data-film'))}<output class="hint"></output></div>`,
          ),
        )
        .join('</section>\n')
        .replace(
          '{LINKS}',
          `<p class="links">${[
            ['Source', repository ?? `${PACKAGE}?activeTab=code`],
            ['npm', PACKAGE],
            ['Docs', repository === undefined ? `${PACKAGE}#readme` : `${repository}/tree/main/docs`],
          ]
            .map(([name, href]) => `<a href="${href}">${name}</a>`)
            .join(' · ')}</p><details><summary>Cite it</summary><pre>${BIBTEX}</pre></details>`,
        ),
      tags:
        address === undefined
          ? []
          : [
              ['og:url', address],
              ['og:image', new URL('card.png', address).href],
              ['twitter:card', 'summary_large_image'],
            ].map(([property, content]) => ({ tag: 'meta', attrs: { property: property!, content: content! } })),
    }),
  },
};
