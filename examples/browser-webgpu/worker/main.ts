/** The worker: receives requests, and runs one task at a time. */
import { failure, type NoisefoldError } from 'noisefold/dsl';
import { either as E, type io as IO } from 'fp-ts';
import { buffersOf, decodeRequest, type Failure, type Paint, type Report } from '../shared/messages.js';
import {
  type Agenda,
  dropped,
  exchanged,
  halted,
  idle,
  interrupts,
  next,
  received,
  spent,
  type Task,
} from './agenda.js';
import { filesAt, moved, recovered } from './beginning.js';
import type { Loaded } from './network.js';
import { planeWorker } from './planeWork.js';
import { carriedOut } from './work.js';
import type { Outside, World } from './world.js';

const tell =
  (report: Report): IO.IO<void> =>
  () =>
    globalThis.postMessage(report, { transfer: [...buffersOf(report)] });

const drop = ({ id, purpose }: Paint): void => tell({ _tag: 'Dropped', id, purpose })();

let agenda: Agenda = idle;
let files = filesAt(new URL('..', location.href).href);
let world: World | null = null;
let doing: Task | null = null;
let stop = new AbortController();
let wake: () => void = () => undefined;

const plane = planeWorker((report) => tell(report)());

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const request = decodeRequest(data);
  if (E.isLeft(request)) return tell({ _tag: 'Failed', doing: 'start', message: request.left.message })();
  if (request.right._tag === 'Plane') return plane(request.right);
  if (request.right._tag === 'Start') files = filesAt(request.right.folder);
  dropped(agenda, request.right).forEach(drop);
  agenda = received(agenda, request.right);
  if (interrupts(request.right, doing)) stop.abort();
  if (request.right._tag === 'LoadDigits') void loadDigits();
  if (request.right._tag === 'LoadNetwork') void load(files.network, { _tag: 'NetworkLoaded', name: null }, 'network');
  if (request.right._tag === 'LoadFaces') void load(files.faces, { _tag: 'FacesLoaded' }, 'networkOfFaces');
  wake();
});

const loadDigits = async (): Promise<void> => {
  const loaded = await files.digits.load();
  tell(
    E.isRight(loaded) ? { _tag: 'DigitsLoaded' } : { _tag: 'Failed', doing: 'digits', message: loaded.left.message },
  )();
};

/** Loads a network, and reports it, or the failure. */
const load = async ({ weights }: Loaded, report: Report, doing: Failure['doing']): Promise<void> => {
  const loaded = await weights();
  tell(E.isRight(loaded) ? report : { _tag: 'Failed', doing, message: loaded.left.message })();
};

const doingOf = (task: Task): Failure['doing'] => {
  switch (task._tag) {
    case 'Start':
    case 'Anew':
      return 'start';
    case 'Step':
      return 'train';
    case 'Paint':
      return task.purpose;
    case 'Recognize':
      return 'guidance';
    case 'FindDigit':
      return 'digit';
    case 'Save':
      return 'save';
    case 'Keep':
    case 'ComeToRest':
      return 'keep';
    case 'Open':
      return 'open';
  }
};

/** Exceptions from outside our code, such as failed allocations. */
const unexpected = (thrown: unknown): NoisefoldError =>
  failure('BackendFailure', {
    where: 'the worker',
    expected: 'to continue',
    actual: thrown instanceof Error ? thrown.message : String(thrown),
    hint: 'try a smaller setting, or reload the page',
  });

const attempt = async (effect: () => Promise<E.Either<NoisefoldError, World>>) => {
  try {
    return await effect();
  } catch (thrown) {
    return E.left(unexpected(thrown));
  }
};

/** Reports to the page. Another training begins paused: what the page asks after this report is for it, also while it is saved. */
const tellPage: Outside['tell'] = (report) => () => {
  if (report._tag === 'Begun' && report.from !== 'lost') agenda = exchanged(agenda);
  tell(report)();
};

const perform = async (task: Task): Promise<void> => {
  stop = new AbortController();
  const outside: Outside = { tell: tellPage, signal: stop.signal, files };
  const result = await attempt(carriedOut(task, outside)(world));
  if (E.isRight(result)) {
    world = result.right;
    return;
  }
  if (task._tag === 'Paint' && result.left._tag === 'Cancelled') return drop(task);
  const lost = world?.studio.backend.lost() ?? null;
  if (world !== null && lost === null && task._tag !== 'Open') {
    const elsewhere = await attempt(moved(world, outside)(result.left));
    if (E.isRight(elsewhere)) {
      world = elsewhere.right;
      return perform(task);
    }
  }
  if (task._tag === 'Step' || lost !== null) agenda = halted(agenda);
  if (world === null || lost === null)
    return tell({ _tag: 'Failed', doing: doingOf(task), message: result.left.message })();
  const back = await attempt(recovered(world, outside)(lost));
  if (E.isRight(back)) world = back.right;
  else tell({ _tag: 'Failed', doing: 'start', message: back.left.message })();
};

/** Yields to incoming messages. */
const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const work = async (): Promise<never> => {
  for (;;) {
    const planned = next(agenda, world?.done ?? 0);
    agenda = planned.agenda;
    doing = planned.task;
    if (doing === null) await new Promise<void>((resolve) => (wake = resolve));
    else {
      const began = performance.now();
      await perform(doing);
      agenda = spent(agenda, doing, performance.now() - began);
      await breath();
    }
  }
};

void work();
