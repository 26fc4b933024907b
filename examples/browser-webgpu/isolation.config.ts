/** The headers that isolate the page from others, so that its threads can share memory. `public/isolation.js` adds them too. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
