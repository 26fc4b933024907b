/**
 * A service worker for hosts whose headers cannot be configured. It adds the two headers that isolate the page from
 * others, which browsers require before threads may share memory. `page/isolation.ts` starts it.
 */
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));

/** A response with the headers. */
const isolated = async (request) => {
  const response = await fetch(request);
  if (response.type === 'opaqueredirect' || response.type === 'error') return response; // the browser handles these itself
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
};

addEventListener('fetch', (event) => {
  // documents and workers have the headers; other files load as usual
  if (['document', 'worker'].includes(event.request.destination)) event.respondWith(isolated(event.request));
});
