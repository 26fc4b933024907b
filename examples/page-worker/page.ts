import type { Answer, Asked } from './worker.js';

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
/** The file beside the page: for a worker, a relative address would be one beside its script. */
const model = new URL('model.safetensors', document.baseURI).href;

/** Rejects when the script of the worker cannot be loaded: it answers nothing then. */
const failure = new Promise<never>((_, reject) =>
  worker.addEventListener('error', ({ message }) => reject(new Error(message || 'worker.ts could not be loaded'))),
);
failure.catch(() => undefined); // each call of `draw` reports it

/** Draws samples in the worker, as the bytes of a picture. Rejects with the message of the library, also after an abort. */
const draw = (asked: Asked, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> => {
  const { port1: port, port2: itsPort } = new MessageChannel();
  signal.addEventListener('abort', () => port.postMessage('cancel'));
  const answered = new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) => {
    port.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      port.close();
      if ('png' in data) resolve(data.png);
      else reject(new Error(data.message));
    });
  });
  port.start();
  worker.postMessage(asked, [itsPort]);
  return Promise.race([answered, failure]);
};

const status = document.querySelector('[role=status]')!;
let stop = new AbortController();

document.querySelector('#draw')!.addEventListener('click', async () => {
  stop.abort(); // of the drawing before
  stop = new AbortController();
  status.textContent = 'drawing…';
  try {
    const png = await draw({ model, seed: Date.now(), count: 4 }, stop.signal);
    document.querySelector('img')!.src = URL.createObjectURL(new Blob([png], { type: 'image/png' }));
    status.textContent = '';
  } catch (thrown) {
    status.textContent = (thrown as Error).message;
  }
});
document.querySelector('#cancel')!.addEventListener('click', () => stop.abort());
