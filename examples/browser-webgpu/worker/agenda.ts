/** The tasks of the worker, in order. */
import type { Paint, Request } from '../shared/messages.js';

/** A task that runs once. */
export type Job = Exclude<Request, { readonly _tag: 'LoadDigits' | 'LoadNetwork' | 'LoadFaces' | 'Train' | 'Rest' }>;

export interface Agenda {
  readonly jobs: readonly Job[];
  /** Trains until this number of updates; null when paused. */
  readonly until: number | null;
  /** True if steps ran since the last pause. */
  readonly moving: boolean;
  /** The milliseconds by which training is behind the images. */
  readonly owed: number;
}

/** A job, one training step, or the end of training steps. */
export type Task = Job | { readonly _tag: 'Step' } | { readonly _tag: 'ComeToRest' };

export const idle: Agenda = { jobs: [], until: null, moving: false, owed: 0 };

/**
 * Tests whether a request replaces an older one: images in the same place, or of a network that ends. A file does
 * not: only opening it shows whether it contains a network.
 */
const supersedes = (request: Request, older: Task): older is Paint =>
  older._tag === 'Paint' &&
  (request._tag === 'Anew'
    ? older.network === 'own'
    : request._tag === 'Paint' && request.purpose === older.purpose && request.part === older.part);

/** The waiting tasks that a request cancels. */
export const dropped = ({ jobs }: Agenda, request: Request): readonly Paint[] =>
  jobs.filter((job) => supersedes(request, job));

/** The agenda after a request. Jobs run in the order of their requests. */
export const received = (agenda: Agenda, request: Request): Agenda => {
  switch (request._tag) {
    case 'Train':
      return { ...agenda, until: request.until };
    case 'Rest':
      return { ...agenda, until: null };
    case 'LoadDigits':
    case 'LoadNetwork':
    case 'LoadFaces':
      return agenda; // beside the tasks
    default: {
      const jobs = [...agenda.jobs.filter((job) => !supersedes(request, job)), request];
      return { ...agenda, jobs, until: request._tag === 'Anew' ? null : agenda.until };
    }
  }
};

/** Tests whether a request interrupts the current task. */
export const interrupts = (request: Request, doing: Task | null): boolean =>
  doing !== null && supersedes(request, doing);

/** The agenda after a failed step. */
export const halted = (agenda: Agenda): Agenda => ({ ...agenda, until: null });

/** The agenda after another training replaced the current one: paused. */
export const exchanged = (agenda: Agenda): Agenda => ({ ...agenda, until: null, moving: false });

/** The agenda after a task that took some milliseconds: images and steps get equal times. */
export const spent = (agenda: Agenda, { _tag }: Task, milliseconds: number): Agenda => {
  const change = _tag === 'Paint' ? milliseconds : _tag === 'Step' ? -milliseconds : 0;
  return { ...agenda, owed: Math.max(0, agenda.owed + change) };
};

/**
 * The next task after `done` updates, and the rest: pausing comes first, and jobs come before steps, but images wait
 * for the steps that training is behind. Null means: wait.
 */
export const next = (agenda: Agenda, done: number): { readonly task: Task | null; readonly agenda: Agenda } => {
  const { jobs, until, moving, owed } = agenda;
  const trains = until !== null && done < until;
  const resting = { ...agenda, until: null, owed: 0 };
  if (!trains && moving) return { task: { _tag: 'ComeToRest' }, agenda: { ...resting, moving: false } };
  const [job, ...others] = jobs;
  if (job !== undefined && !(trains && job._tag === 'Paint' && owed > 0))
    return { task: job, agenda: { ...(trains ? agenda : resting), jobs: others } };
  return trains ? { task: { _tag: 'Step' }, agenda: { ...agenda, moving: true } } : { task: null, agenda: resting };
};
