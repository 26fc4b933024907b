import { describe, expect, test } from 'vitest';
import { defaultSettings, USUAL_SEED } from '../shared/settings.js';
import { curveOf } from './curve.js';
import type { Event } from './event.js';
import { expected, learned, type Learning, MORE, preparing } from './learning.js';

const after = (...events: readonly Event[]): Learning =>
  events.reduce((state, event) => learned(state, event)[0], { ...preparing, digits: 'loaded' } as Learning);

/** The requests that an event sends to the worker. */
const asked = (state: Learning, event: Event): readonly unknown[] =>
  learned(state, event)[1].map((effect) => (effect._tag === 'Post' ? effect.request : effect));

const begun: Event = { _tag: 'Begun', from: 'noise', step: 0, goal: 900 };
const stepped = (step: number, loss = 1): Event => ({ _tag: 'Stepped', step, loss, milliseconds: 200 });
const train: Event = { _tag: 'TrainPressed' };

describe('learning', () => {
  test('trains to the goal of the recipe, and then for additional steps', () => {
    expect(asked(after(begun), train)).toEqual([{ _tag: 'Train', until: 900 }]);
    const paused = after(begun, train, stepped(0), { _tag: 'Rested', step: 1 });
    expect(asked(paused, train)).toEqual([{ _tag: 'Train', until: 900 }]);
    const over = after({ ...begun, step: 900 });
    expect(asked(over, train)).toEqual([{ _tag: 'Train', until: 900 + MORE }]);
    expect(learned(over, train)[0]).toMatchObject({ phase: 'training', goal: 900 + MORE });
  });

  test('does not start twice, nor before it is ready', () => {
    expect(asked(after(begun, train), train)).toEqual([]);
    expect(asked(preparing, train)).toEqual([]);
  });

  test('counts steps and keeps their losses', () => {
    const state = after(begun, train, stepped(0, 1), stepped(1, 0.5), {
      _tag: 'HeldOut',
      step: 2,
      loss: 0.7,
      trainingLoss: 0.5,
    });
    expect(state.step).toBe(2);
    expect(state.losses).toEqual([
      { step: 0, loss: 1 },
      { step: 1, loss: 0.5 },
    ]);
    expect(state.heldOut).toEqual([{ step: 2, loss: 0.7 }]);
    expect(state.pace.secondsPerStep).toBeCloseTo(0.2);
  });

  test('keeps the curve with the training, and shows it again up to the step that was kept', () => {
    const state = after(begun, train, stepped(0, 0.5), stepped(1, 0.25), {
      _tag: 'HeldOut',
      step: 2,
      loss: 0.75,
      trainingLoss: 0.5,
    });
    const [effect] = learned(state, { _tag: 'Kept', step: 2 })[1];
    const actual: Event = { _tag: 'CurveFound', curve: curveOf(effect?._tag === 'KeepCurve' ? effect.text : '') };
    const opened: Event = { _tag: 'Opened', settings: defaultSettings, folder: '/' };
    const again = after(actual, opened, { ...begun, from: 'kept', step: 2 });
    expect([again.losses, again.heldOut]).toEqual([state.losses, state.heldOut]);
    expect(after(actual, opened, { ...begun, from: 'kept', step: 1 }).losses).toEqual([{ step: 0, loss: 0.5 }]);
    expect(after(actual, opened, begun).losses).toEqual([]); // of another training
  });

  test('after a lost device, resumes from its copy with the curve up to there', () => {
    const lost = after(begun, train, stepped(0), stepped(1), stepped(2), {
      _tag: 'Lost',
      step: 3,
      message: '',
    });
    expect(lost.phase).toBe('preparing');
    const [back] = learned(lost, { _tag: 'Begun', from: 'lost', step: 2, goal: 900 });
    expect(back).toMatchObject({ phase: 'resting', step: 2, goal: 900 });
    expect(back.losses.map(({ step }) => step)).toEqual([0, 1]);
  });

  test('another training begins a new curve', () => {
    const state = after(begun, stepped(0), { _tag: 'Begun', from: 'file', step: 40, goal: 100 });
    expect(state).toMatchObject({ step: 40, goal: 100, losses: [], heldOut: [], kept: null });
  });

  test('each restart has another seed', () => {
    const settings = { ...defaultSettings, seed: 7 };
    const open = after({ _tag: 'Opened', settings, folder: '/' }, begun);
    expect(asked(open, { _tag: 'AnewPressed' })).toEqual([{ _tag: 'Anew', seed: 8 }]);
    const again = after({ _tag: 'Opened', settings, folder: '/' }, begun, { _tag: 'AnewPressed' }, begun);
    expect(asked(again, { _tag: 'AnewPressed' })).toEqual([{ _tag: 'Anew', seed: 9 }]);
  });

  test('a restart in place of a saved training has the requested seed, or one that is not the default', () => {
    const kept: Event = { _tag: 'Begun', from: 'kept', step: 300, goal: 900 };
    const anew = (seed: number | null) =>
      asked(after({ _tag: 'Opened', settings: { ...defaultSettings, seed }, folder: '/' }, kept), {
        _tag: 'AnewPressed',
      });
    expect(anew(99)).toEqual([{ _tag: 'Anew', seed: 99 }]);
    expect(anew(null)).toEqual([{ _tag: 'Anew', seed: USUAL_SEED + 1 }]);
  });

  test('that is being replaced is not shown as paused before the new one is ready', () => {
    const replaced = after(begun, train, stepped(0), { _tag: 'AnewPressed' }, { _tag: 'Rested', step: 1 });
    expect(replaced.phase).toBe('preparing');
  });

  test('continues while a file is opened, and pauses if it is a checkpoint', () => {
    const given = after(begun, train, { _tag: 'FileGiven', name: 'a', bytes: Uint8Array.of(1) });
    expect(given.phase).toBe('training');
    expect(learned(given, { _tag: 'Begun', from: 'file', step: 40, goal: 900 })[0]).toMatchObject({
      phase: 'resting',
      step: 40,
    });
  });

  test('waits for the digits, which load when somebody trains, and again on request', () => {
    expect(asked(preparing, begun)).toEqual([]);
    const [without] = learned(preparing, begun);
    expect(asked(without, train)).toEqual([{ _tag: 'LoadDigits' }]);
    const [loading] = learned(without, train);
    expect(loading).toMatchObject({ digits: 'loading', phase: 'resting' });
    expect(asked(loading, { _tag: 'DigitsLoaded' })).toEqual([{ _tag: 'Train', until: 900 }]);
    const [failed] = learned(loading, { _tag: 'Failed', doing: 'digits', message: '' });
    expect(failed).toMatchObject({ phase: 'resting', digits: 'failed' });
    expect(asked(failed, { _tag: 'DigitsWanted' })).toEqual([{ _tag: 'LoadDigits' }]);
    const [loaded] = learned(without, { _tag: 'DigitsLoaded' });
    expect(loaded.phase).toBe('resting');
    expect(asked(loaded, train)).toEqual([{ _tag: 'Train', until: 900 }]);
  });

  test('counts the running threads', () => {
    const works: Event = { _tag: 'Works', backend: 'wasm', threads: 4, why: null };
    expect(after(works).threads).toBe(4);
    expect(after(works, { _tag: 'OneThread' }).threads).toBe(1);
    expect(after(works, { _tag: 'Works', backend: 'webgpu', threads: null, why: null }).threads).toBeNull();
  });

  test('a hidden tab saves its training, and continues to train', () => {
    const training = after(begun, train);
    expect(asked(training, { _tag: 'Hid', hidden: true })).toEqual([{ _tag: 'Keep' }]);
    expect(asked(training, { _tag: 'Hid', hidden: false })).toEqual([]);
    expect(asked(after(begun), { _tag: 'Hid', hidden: true })).toEqual([]); // saved when it paused
    expect(learned(training, { _tag: 'Hid', hidden: true })[0].phase).toBe('training');
  });

  test('a checkpoint is saved under its step', () => {
    const bytes = Uint8Array.of(1);
    expect(learned(after(begun), { _tag: 'Saved', step: 42, bytes })[1]).toEqual([
      { _tag: 'Download', name: 'digits-42.safetensors', bytes },
    ]);
  });

  test('a failure ends only the tasks that depend on it', () => {
    const failed = (doing: 'start' | 'open'): Event => ({ _tag: 'Failed', doing, message: '' });
    expect(after(failed('start')).phase).toBe('stopped');
    expect(after(begun, train, failed('open')).phase).toBe('training');
    expect(after(begun, { _tag: 'Crashed', message: '' }).phase).toBe('stopped');
  });

  test('its duration is known from images that were drawn here, and then from its own steps', () => {
    const painted = (milliseconds: number, evaluations: number): Event => ({
      ...{ _tag: 'Painted', id: 0, purpose: 'drawing', milliseconds, evaluations, x: new Float32Array() },
    });
    expect(expected(after(begun))).toBeNaN();
    expect(expected(after(begun, painted(9, 9)))).toBeNaN(); // too few to tell
    // 900 steps of 16 images, each of which takes three looks of 2 ms
    expect(expected(after(begun, painted(800, 400), painted(1200, 400)))).toBeCloseTo(86.4, 9);
    expect(
      expected(after(begun, painted(800, 400), train, { _tag: 'Stepped', step: 0, loss: 1, milliseconds: 50 })),
    ).toBe(45);
  });
});
