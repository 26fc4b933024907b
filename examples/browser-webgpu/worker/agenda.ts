/** What the worker is to do, in which order. */
import type { Paint, Request } from '../shared/messages.js';

/** What is done once. */
export type Job = Exclude<Request, { readonly _tag: 'Train' | 'Rest' }>;

export interface Agenda {
  readonly jobs: readonly Job[];
  /** To train until so many updates are made; null is to rest. */
  readonly until: number | null;
  /** Whether steps were taken since it last came to rest. */
  readonly moving: boolean;
}

/** A job, one step of training, or its coming to rest. */
export type Task = Job | { readonly _tag: 'Step' } | { readonly _tag: 'ComeToRest' };

export const idle: Agenda = { jobs: [], until: null, moving: false };

/**
 * Whether a request makes an older one pointless: images of the same purpose, or of another network. A file is no
 * reason: whether there is a network in it, one knows when it is opened.
 */
const supersedes = (request: Request, older: Task): older is Paint =>
  older._tag === 'Paint' &&
  (request._tag === 'Anew' || (request._tag === 'Paint' && request.purpose === older.purpose));

/** What waits and is not done after a request. */
export const dropped = ({ jobs }: Agenda, request: Request): readonly Paint[] =>
  jobs.filter((job) => supersedes(request, job));

/** The agenda after a request: jobs come in the order in which they were asked for. */
export const received = (agenda: Agenda, request: Request): Agenda => {
  switch (request._tag) {
    case 'Train':
      return { ...agenda, until: request.until };
    case 'Rest':
      return { ...agenda, until: null };
    default: {
      const jobs = [...agenda.jobs.filter((job) => !supersedes(request, job)), request];
      return { ...agenda, jobs, until: request._tag === 'Anew' ? null : agenda.until };
    }
  }
};

/** Whether what is being done should end for a request. */
export const interrupts = (request: Request, doing: Task | null): boolean =>
  doing !== null && supersedes(request, doing);

/** The agenda once a step has failed. */
export const halted = (agenda: Agenda): Agenda => ({ ...agenda, until: null });

/** The agenda once another training is in the place of the one that went on: it is at rest. */
export const exchanged = (agenda: Agenda): Agenda => ({ ...agenda, until: null, moving: false });

/**
 * What to do next after `done` updates, and what is left: a training comes to rest at once, and jobs come before
 * steps. A null is to wait.
 */
export const next = (
  { jobs, until, moving }: Agenda,
  done: number,
): { readonly task: Task | null; readonly agenda: Agenda } => {
  const goal = until !== null && done < until ? until : null;
  if (goal === null && moving)
    return { task: { _tag: 'ComeToRest' }, agenda: { jobs, until: null, moving: false } };
  const [job, ...others] = jobs;
  if (job !== undefined) return { task: job, agenda: { jobs: others, until: goal, moving } };
  return goal === null
    ? { task: null, agenda: { jobs, until: null, moving } }
    : { task: { _tag: 'Step' }, agenda: { jobs, until: goal, moving: true } };
};
