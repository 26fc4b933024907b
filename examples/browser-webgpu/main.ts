/** The page: events in, effects out, and a view of the state. */
import { either as E } from 'fp-ts';
import { nextAlone } from './page/alone.js';
import { type Effect, type Event, LINK, type Opened } from './page/event.js';
import { isolating } from './page/isolation.js';
import { curveOf } from './page/curve.js';
import { eventsOf, figureOf, hashOf } from './page/links.js';
import { firstPage, turned } from './page/page.js';
import { plays } from './page/plane.js';
import { decodeReport, type Request } from './shared/messages.js';
import { defaultSettings, settingsOf } from './shared/settings.js';
import { download, night } from './view/elements.js';
import { listenToFiles } from './view/files.js';
import { listenToShare, showAsked } from './view/share.js';
import { view } from './view/view.js';

const asked = settingsOf(location.search);
const opened: Opened = {
  _tag: 'Opened',
  settings: E.getOrElse(() => defaultSettings)(asked),
  folder: document.baseURI,
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

/** The curves of the loss, beside the checkpoint in the cache of the page. */
const curves = (): Promise<Cache> => caches.open('noisefold-training');
const curveAddress = new URL(`kept/${opened.settings.recipe}-curve`, document.baseURI).href;

const loadCurve = async (): Promise<void> => {
  try {
    const found = await (await curves()).match(curveAddress);
    if (found !== undefined) happened({ _tag: 'CurveFound', curve: curveOf(await found.text()) });
  } catch (thrown) {
    console.warn(thrown); // the worker reports that this browser keeps nothing
  }
};

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
      linking = setTimeout(() => history.replaceState(null, '', hashOf(page)), 300); // browsers limit how often
      return;
    case 'KeepCurve':
      return void curves().then((cache) => cache.put(curveAddress, new Response(effect.text)), console.warn);
    case 'Download':
      return download(effect.name, new Blob([effect.bytes], { type: 'application/octet-stream' }));
  }
};

const draw = view(happened);
let asleep = true;
let before = 0;

const frame = (now: number): void => {
  asleep = true;
  const drifts = page.noising.drift !== null && scrollY < innerHeight && !document.hidden;
  const playing = page.drawing.playing || plays(page.plane) || drifts;
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
  for (const event of eventsOf(location.hash)) happened(event);
  document.getElementById(figureOf(location.hash))?.scrollIntoView();
};

/** Time rests once the user touches the page; the link then states it. */
const rest = ({ target }: globalThis.Event): void => {
  const isButton = target instanceof Element && target.closest('#drift') !== null; // which stops it itself
  if (page.noising.drift !== null && !isButton) happened({ _tag: 'NoisingSet', query: '' });
};

/** A figure without controls acts by itself while it is in view; a press stops what plays, and another one goes on. */
const goAlone = (figure: HTMLElement): void => {
  let [isInView, still] = [false, matchMedia('(prefers-reduced-motion: reduce)').matches];
  const act = (): void => {
    const event = isInView && !document.hidden ? nextAlone(figure.id, still, page) : null;
    if (event !== null) happened(event);
  };
  new IntersectionObserver((entries) => {
    isInView = entries.at(-1)!.isIntersecting;
    act();
  }).observe(figure);
  for (const touch of ['pointerdown', 'keydown'] as const)
    addEventListener(touch, ({ target }) => {
      still = !still || target instanceof HTMLInputElement; // a slider shows what its user chooses
      act();
    });
  setInterval(act, 700);
};

/** Loads the numbers of the figure, which needs no network and no worker. */
const loadNoising = async (): Promise<void> => {
  try {
    const { body } = await fetch('noising.bin');
    const file = await new Response(body!.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
    const drifts = location.hash === '' && !matchMedia('(prefers-reduced-motion: reduce)').matches;
    happened({ _tag: 'NoisingLoaded', file, drifts });
  } catch {
    happened({ _tag: 'Complained', title: 'The pictures of noise could not be loaded', message: 'Reload the page.' });
  }
};

listenToFiles(happened);
addEventListener('hashchange', () => {
  followLink();
  carryOut(LINK); // the menu leaves only the name of a figure
});
for (const touch of ['pointerdown', 'keydown'] as const) addEventListener(touch, rest, { capture: true });
addEventListener('scroll', drawSoon, { passive: true }); // time rests while it is out of view
listenToShare(() => hashOf(page));
const alone = showAsked(location.search);
if (alone !== null) goAlone(alone);
followLink();
void loadNoising();
night.addEventListener('change', drawSoon);
document.addEventListener('visibilitychange', () => happened({ _tag: 'Hid', hidden: document.hidden }));

if (!(await isolating(opened.settings, new URL('isolation.js', document.baseURI).href))) {
  await loadCurve();
  happened(opened);
  followLink(); // over the settings
  if (E.isLeft(asked))
    happened({
      _tag: 'Complained',
      title: 'The URL has an invalid setting',
      message: asked.left.message,
    });
}
