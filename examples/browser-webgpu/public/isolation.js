// adds the headers that isolate the page: see page/isolation.ts
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));

const isolated = async (request) => {
  const response = await fetch(request);
  if (response.type === 'opaqueredirect' || response.type === 'error') return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
};

addEventListener('fetch', (event) => {
  if (['document', 'worker'].includes(event.request.destination)) event.respondWith(isolated(event.request));
});
