import { describe, expect, test } from 'vitest';
import type { Paint, Request } from '../shared/messages.js';
import { type Agenda, dropped, exchanged, halted, idle, interrupts, next, received } from './agenda.js';

const paint = (id: number, purpose: Paint['purpose'] = 'drawing'): Paint => ({
  _tag: 'Paint',
  id,
  purpose,
  part: 0,
  network: 'own',
  labels: [3],
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

/** The tasks of an agenda until it waits; each step makes one update. */
const doneOf = (agenda: Agenda, updates = 0): readonly string[] => {
  const { task, agenda: left } = next(agenda, updates);
  return task === null ? [] : [task._tag, ...doneOf(left, updates + (task._tag === 'Step' ? 1 : 0))];
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
    expect(dropped(after(paint(1), paint(2, 'repair')), paint(3))).toEqual([paint(1)]);
    expect(dropped(after(paint(1)), { _tag: 'Save' })).toEqual([]);
  });

  test('neither draws nor trains before a restart', () => {
    const before = after({ _tag: 'Train', until: 9 }, paint(1), { _tag: 'Save' });
    expect(dropped(before, anew)).toEqual([paint(1)]);
    expect(received(before, anew)).toEqual({ jobs: [{ _tag: 'Save' }, anew], until: null, moving: false });
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
    expect(interrupts({ _tag: 'Save' }, paint(1))).toBe(false);
    expect(interrupts(paint(2), { _tag: 'Step' })).toBe(false);
    expect(interrupts(paint(2), open)).toBe(false);
    expect(interrupts(paint(2), null)).toBe(false);
  });
});
