/** The page: events in, effects out, and a view of the state. */
import { either as E } from 'fp-ts';
import type { Effect, Event, Opened } from './page/event.js';
import { isolating } from './page/isolation.js';
import { firstPage, turned } from './page/page.js';
import { decodeReport, type Request } from './shared/messages.js';
import { defaultSettings, settingsOf } from './shared/settings.js';
import { night } from './view/elements.js';
import { listenToFiles } from './view/files.js';
import { view } from './view/view.js';

const asked = settingsOf(location.search);
const opened: Opened = {
  _tag: 'Opened',
  settings: E.getOrElse(() => defaultSettings)(asked),
  digits: new URL('digits.bin', document.baseURI).href,
  network: new URL('network.bin', document.baseURI).href,
};

let page = firstPage(opened);
let worker: Worker | null = null;
let planeWorker: Worker | null = null;
let linking: ReturnType<typeof setTimeout> | undefined;

const happened = (event: Event): void => {
  const [next, effects] = turned(page, event);
  page = next;
  for (const effect of effects) carryOut(effect);
  drawSoon();
};

const employ = (crashed: (message: string) => void): Worker => {
  const made = new Worker(new URL('./worker/main.ts', import.meta.url), { type: 'module' });
  made.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const report = decodeReport(data);
    if (E.isRight(report)) happened(report.right);
    else crashed(report.left.message);
  });
  made.addEventListener('error', (error) => {
    error.preventDefault();
    crashed(error.message || 'Its code could not be loaded.');
  });
  return made;
};

const employForPlane = (): Worker =>
  employ((message) => {
    planeWorker?.terminate();
    planeWorker = null;
    happened({ _tag: 'Failed', doing: 'plane', message });
  });

const send = (request: Request): void => worker?.postMessage(request, []); // a copy: the page keeps the bytes for undo

const carryOut = (effect: Effect): void => {
  switch (effect._tag) {
    case 'Post':
      return send(effect.request);
    case 'Employ':
      worker?.terminate();
      worker = employ((message) => happened({ _tag: 'Crashed', message }));
      return send(effect.request);
    case 'PostPlane':
      planeWorker ??= employForPlane();
      return planeWorker.postMessage(effect.request, []);
    case 'Link':
      clearTimeout(linking);
      linking = setTimeout(() => history.replaceState(null, '', effect.hash), 300); // browsers limit how often
      return;
    case 'Download': {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([effect.bytes], { type: 'application/octet-stream' }));
      link.download = effect.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    }
  }
};

const draw = view(happened);
let asleep = true;
let before = 0;

const frame = (now: number): void => {
  asleep = true;
  const playing = page.drawing.playing || page.plane.playing;
  if (playing) happened({ _tag: 'Ticked', milliseconds: before === 0 ? 0 : now - before });
  before = playing ? now : 0;
  draw(page);
};

function drawSoon(): void {
  if (!asleep) return;
  asleep = false;
  requestAnimationFrame(frame);
}

const followLink = (): void => {
  const query = location.hash.slice(1);
  for (const _tag of query === '' ? [] : (['NoisingSet', 'PlaneSet'] as const)) happened({ _tag, query });
};

/** Loads the numbers of the figure, which needs no network and no worker. */
const loadNoising = async (): Promise<void> => {
  try {
    const { body } = await fetch('noising.bin');
    const file = await new Response(body!.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
    happened({ _tag: 'NoisingLoaded', file });
  } catch {
    happened({ _tag: 'Complained', title: 'The pictures of noise could not be loaded', message: 'Reload the page.' });
  }
};

listenToFiles(happened);
addEventListener('hashchange', followLink);
followLink();
void loadNoising();
night.addEventListener('change', drawSoon);
document.addEventListener('visibilitychange', () => happened({ _tag: 'Hid', hidden: document.hidden }));

if (!(await isolating(opened.settings, new URL('isolation.js', document.baseURI).href))) {
  happened(opened);
  if (E.isLeft(asked))
    happened({
      _tag: 'Complained',
      title: 'The URL has an invalid setting',
      message: asked.left.message,
    });
}
