import { describe, expect, test } from 'vitest';
import type { Paint, Request } from '../shared/messages.js';
import { type Agenda, dropped, exchanged, halted, idle, interrupts, next, received, spent } from './agenda.js';

const paint = (id: number, purpose: Paint['purpose'] = 'drawing', part = 0): Paint => ({
  _tag: 'Paint',
  id,
  purpose,
  part,
  network: 'own',
  conditions: { label: [3] },
  solver: 'ddim',
  steps: 5,
  guidance: 2,
  seed: 1,
  known: null,
  from: null,
});
const open: Request = { _tag: 'Open', name: 'a', bytes: new Uint8Array() };
const anew: Request = { _tag: 'Anew', seed: 1 };

const after = (...requests: readonly Request[]): Agenda => requests.reduce(received, idle);

/** The tasks of an agenda until it waits; each step makes one update and takes a millisecond, and images take some. */
const doneOf = (agenda: Agenda, updates = 0, images = 0): readonly string[] => {
  const { task, agenda: left } = next(agenda, updates);
  if (task === null) return [];
  const later = spent(left, task, task._tag === 'Step' ? 1 : images);
  return [task._tag, ...doneOf(later, updates + (task._tag === 'Step' ? 1 : 0), images)];
};

describe('the agenda of the worker', () => {
  test('trains for the given number of updates, then pauses', () => {
    expect(doneOf(after({ _tag: 'Train', until: 3 }))).toEqual(['Step', 'Step', 'Step', 'ComeToRest']);
    expect(doneOf(after({ _tag: 'Train', until: 3 }), 5)).toEqual([]);
  });

  test('runs jobs in order, and before steps', () => {
    const agenda = after({ _tag: 'Train', until: 1 }, { _tag: 'Save' }, paint(1), { _tag: 'Keep' });
    expect(doneOf(agenda)).toEqual(['Save', 'Paint', 'Keep', 'Step', 'ComeToRest']);
  });

  test('trains for as long as images took before it makes others, but saves at once', () => {
    const agenda = after({ _tag: 'Train', until: 4 }, paint(1), { _tag: 'Save' }, paint(2, 'repair'), { _tag: 'Keep' });
    expect(doneOf(agenda, 0, 3)).toEqual(['Paint', 'Save', 'Step', 'Step', 'Step', 'Paint', 'Keep', 'Step', 'ComeToRest']); // oxfmt-ignore
    // also if a drawing follows a drawing, as while a slider moves
    let [moving, steps] = [after({ _tag: 'Train', until: 99 }), 0];
    for (let i = 0; i < 20; i++) {
      const { task, agenda: left } = next(received(moving, paint(i)), steps);
      moving = spent(left, task!, 1);
      steps += task?._tag === 'Step' ? 1 : 0;
    }
    expect(steps).toBe(10);
  });

  test('owes nothing to a training that does not run', () => {
    expect(doneOf(after(paint(1), paint(2, 'repair')), 0, 3)).toEqual(['Paint', 'Paint']);
    const drawn = spent(next(after(paint(1)), 0).agenda, paint(1), 3);
    expect(doneOf(after({ _tag: 'Train', until: 1 }, paint(2)))).toEqual(['Paint', 'Step', 'ComeToRest']);
    expect(next(drawn, 0).agenda).toEqual(idle);
  });

  test('pauses at the given update, after its jobs', () => {
    expect(doneOf(after({ _tag: 'Train', until: 9 }, { _tag: 'Save' }, { _tag: 'Rest' }))).toEqual(['Save']);
  });

  test('pauses once, before everything else, on request or after a failed step', () => {
    const moving = next(after({ _tag: 'Train', until: 9 }), 0).agenda;
    const told = [{ _tag: 'Save' }, { _tag: 'Rest' }] as const;
    expect(doneOf(told.reduce(received, moving), 1)).toEqual(['ComeToRest', 'Save']);
    expect(doneOf(halted(moving), 1)).toEqual(['ComeToRest']);
    expect(doneOf(received(moving, anew), 1)).toEqual(['ComeToRest', 'Anew']);
  });

  test('keeps only the last of the waiting drawings, and keeps all repairs', () => {
    const { jobs } = after(paint(1), paint(2, 'repair'), paint(3));
    expect(jobs).toEqual([paint(2, 'repair'), paint(3)]);
    const ways = [0, 1, 2].map((part) => paint(part, 'removal', part)); // the parts of a figure
    expect(after(...ways).jobs).toEqual(ways);
    expect(after(...ways, paint(9, 'removal', 1)).jobs).toEqual([ways[0], ways[2], paint(9, 'removal', 1)]);
    expect(dropped(after(paint(1), paint(2, 'repair')), paint(3))).toEqual([paint(1)]);
    expect(dropped(after(paint(1)), { _tag: 'Save' })).toEqual([]);
  });

  test('neither draws nor trains before a restart', () => {
    const before = after({ _tag: 'Train', until: 9 }, paint(1), { _tag: 'Save' });
    expect(dropped(before, anew)).toEqual([paint(1)]);
    expect(received(before, anew)).toEqual({ ...idle, jobs: [{ _tag: 'Save' }, anew] });
  });

  test('continues to train and draw until a file turns out to be a checkpoint', () => {
    const moving = next(after({ _tag: 'Train', until: 9 }), 0).agenda;
    expect(doneOf([paint(1), open].reduce(received, moving), 7)).toEqual([
      'Paint',
      'Open',
      'Step',
      'Step',
      'ComeToRest',
    ]);
    expect(dropped(after(paint(1)), open)).toEqual([]);
  });

  test('pauses with another training, and runs the other tasks', () => {
    const moving = next(after({ _tag: 'Train', until: 9 }), 0).agenda;
    expect(doneOf(exchanged(received(moving, paint(1))), 1)).toEqual(['Paint']);
  });

  test('cancels a drawing for a new one of the same purpose, or for a restart', () => {
    expect(interrupts(paint(2), paint(1))).toBe(true);
    expect(interrupts(anew, paint(1))).toBe(true);
    expect(interrupts(open, paint(1))).toBe(false);
    expect(interrupts(paint(2, 'repair'), paint(1))).toBe(false);
    expect(interrupts(paint(2, 'removal', 1), paint(1, 'removal', 2))).toBe(false);
    expect(interrupts({ _tag: 'Save' }, paint(1))).toBe(false);
    expect(interrupts(paint(2), { _tag: 'Step' })).toBe(false);
    expect(interrupts(paint(2), open)).toBe(false);
    expect(interrupts(paint(2), null)).toBe(false);
  });
});
