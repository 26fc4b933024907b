/**
 * Isolates the page from others by a service worker, if its host does not send the headers for isolation, which browsers require
 * before threads may share memory. The worker, `public/isolation.js`, adds them to documents and workers.
 */
import type { Settings } from '../shared/settings.js';

/** The maximum time for the start of the service worker, in milliseconds. The page then continues without it. */
const PATIENCE = 3000;

const start = async (container: ServiceWorkerContainer, url: string): Promise<boolean> => {
  await container.register(url);
  const ready = container.ready.then(() => true);
  return Promise.race([ready, new Promise<false>((resolve) => setTimeout(() => resolve(false), PATIENCE))]);
};

/**
 * Reloads the page under the service worker at `url`, once, if it could use threads then. Returns true if the page reloads.
 * It does nothing on pages that are isolated, and where service workers are not available or not allowed. A mark in the
 * storage of the origin prevents a second reload; the storage of a session is not the same for pages with and without isolation.
 */
export const isolating = async ({ backend, threads }: Settings, url: string): Promise<boolean> => {
  try {
    if (crossOriginIsolated) {
      localStorage.removeItem(url);
      return false;
    }
    const needsThreads = backend !== 'webgpu' && (threads ?? navigator.hardwareConcurrency) > 1;
    // insecure pages have no service workers, and frames are as isolated as the page around them
    const isPossible = 'serviceWorker' in navigator && window.top === window;
    if (!needsThreads || !isPossible || localStorage.getItem(url) !== null) return false;
    if (!(await start(navigator.serviceWorker, url))) return false;
    localStorage.setItem(url, 'reloaded');
    location.reload();
    return true;
  } catch (thrown) {
    console.warn('The page could not be isolated from others:', thrown);
    return false;
  }
};
