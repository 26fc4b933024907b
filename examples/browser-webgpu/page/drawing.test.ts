import { describe, expect, test } from 'vitest';
import type { Paint } from '../shared/messages.js';
import { blank, COUNT, type Drawing, drew, indexOf, labelsOf } from './drawing.js';
import type { Event } from './event.js';
import { absent, type Shipped } from './network.js';

/** One's own network, which is ready. */
const own: Shipped = { ...absent, employed: true, ready: true, chosen: 'own' };

const after = (state: Drawing, ...events: readonly Event[]): Drawing =>
  events.reduce((before, event) => drew(before, event, own)[0], state);

/** The drawing that an event requests. */
const asked = (state: Drawing, event: Event, network = own): Paint | undefined => {
  const [effect] = drew(state, event, network)[1];
  return effect?._tag === 'Post' && effect.request._tag === 'Paint' ? effect.request : undefined;
};

const begun: Event = { _tag: 'Begun', from: 'noise', step: 0, goal: 9 };
const ready = after(blank, begun);

const frame = (id: number, index: number, of: number): Event => ({
  _tag: 'Frame',
  id,
  purpose: 'drawing',
  index,
  of,
  t: 10 * (of - index),
  image: Uint8Array.of(index),
  guess: Uint8Array.of(100 + index),
});

/** All reports of a drawing of a given duration. */
const wholly = (id: number, of = 4, milliseconds = 1000): readonly Event[] => [
  ...Array.from({ length: of + 1 }, (_, index) => frame(id, index, of)),
  { _tag: 'Painted', id, purpose: 'drawing', milliseconds, evaluations: 1, x: new Float32Array() },
];
const trained = (milliseconds: number): Event => ({ _tag: 'Stepped', step: 0, loss: 1, milliseconds });

describe('the classes of a drawing', () => {
  test('are the chosen ones, distributed as evenly as possible', () => {
    expect(labelsOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(labelsOf([3])).toEqual(Array.from({ length: COUNT }, () => 3));
    expect(labelsOf([2, 7])).toEqual([2, 2, 2, 2, 2, 7, 7, 7, 7, 7]);
  });

  test('if all are chosen, a click chooses one; later clicks add or remove one, except the last', () => {
    const toggled = (...labels: readonly number[]): readonly number[] =>
      after(ready, ...labels.map((label): Event => ({ _tag: 'ClassToggled', label }))).classes;
    expect(toggled(7)).toEqual([7]);
    expect(toggled(7, 2)).toEqual([2, 7]);
    expect(toggled(7, 2, 7)).toEqual([2]);
    expect(toggled(7, 7)).toEqual([7]);
    expect(after(ready, { _tag: 'ClassToggled', label: 1 }, { _tag: 'AllClassesPressed' }).classes).toHaveLength(10);
  });
});

describe('a drawing', () => {
  test('is requested once there is a network, and not before', () => {
    expect(asked(blank, begun)).toMatchObject({ id: 0, purpose: 'drawing', known: null });
    expect(asked(blank, { _tag: 'DrawPressed' }, absent)).toBeUndefined();
  });

  test('uses the settings of the page, and new noise on request', () => {
    expect(asked(ready, { _tag: 'GuidanceSet', guidance: 4 })).toMatchObject({
      guidance: 4,
      seed: ready.seed,
    });
    expect(asked(ready, { _tag: 'StepsSet', steps: 35 })).toMatchObject({ steps: 35, seed: ready.seed });
    expect(asked(ready, { _tag: 'DrawPressed' })).toMatchObject({ seed: ready.seed + 1 });
  });

  test('is by the network that was chosen, and drawn again by another one', () => {
    const loaded: Shipped = { ...absent, phase: 'loaded', employed: true, ready: true };
    expect(asked(blank, begun, { ...loaded, phase: 'absent' })).toBeUndefined();
    expect(asked(blank, { _tag: 'NetworkLoaded', name: null }, loaded)).toMatchObject({ network: 'shipped' });
    expect(asked(ready, begun)).toMatchObject({ network: 'own' });
    const chosen: Event = { _tag: 'NetworkChosen', network: 'shipped' };
    const [other, [effect]] = drew(after(ready, ...wholly(0)), chosen, loaded);
    expect(effect).toMatchObject({ request: { network: 'shipped', seed: ready.seed } });
    expect(other.shown).toBeNull();
    // the training of one's own does not change what the other one draws
    expect(asked(drew(other, { _tag: 'Dropped', id: 1, purpose: 'drawing' }, loaded)[0], trained(60_000), loaded)).toBeUndefined(); // oxfmt-ignore
  });

  test('is shown as it arrives', () => {
    const state = after(ready, frame(0, 0, 4), frame(0, 1, 4));
    expect(state.shown?.stills).toHaveLength(2);
    expect(indexOf(state)).toBe(1);
  });

  test('of an older request is ignored', () => {
    const newer = after(ready, { _tag: 'DrawPressed' });
    expect(after(newer, ...wholly(0))).toBe(newer);
  });

  test('that failed is over, and the previous one stays visible', () => {
    const state = after(
      ready,
      ...wholly(0),
      { _tag: 'DrawPressed' },
      { _tag: 'Failed', doing: 'drawing', message: '' },
    );
    expect(state.coming).toBeNull();
    expect(state.shown?.id).toBe(0);
  });
});

describe('during training', () => {
  const shown = after(ready, ...wholly(0));

  test('it draws again with the same noise, after four times the duration of the last drawing', () => {
    expect(asked(shown, trained(3999))).toBeUndefined();
    expect(asked(shown, trained(4000))).toMatchObject({ seed: ready.seed });
    expect(asked(after(shown, trained(3000)), trained(1000))).toBeDefined();
    const again = after(shown, trained(4000), ...wholly(1));
    expect(asked(again, trained(3999))).toBeUndefined();
  });

  test('it draws again after a drawing that was dropped', () => {
    const dropped = after(shown, { _tag: 'DrawPressed' }, { _tag: 'Dropped', id: 1, purpose: 'drawing' });
    expect(dropped.coming).toBeNull();
    expect(asked(dropped, trained(60_000))).toMatchObject({ id: 2 });
    const other = after(shown, { _tag: 'DrawPressed' }, { _tag: 'Dropped', id: 0, purpose: 'drawing' });
    expect(other.coming?.film.id).toBe(1);
  });

  test('the old drawing is shown until the new one is done', () => {
    const half = after(shown, trained(4000), ...wholly(1).slice(0, 3));
    expect(half.shown?.id).toBe(0);
    expect(after(shown, trained(4000), ...wholly(1)).shown?.id).toBe(1);
  });

  test.each<[string, Event]>([
    ['scrubs through the film', { _tag: 'Scrubbed', index: 2 }],
    ['plays it', { _tag: 'PlayToggled' }],
    ['looks elsewhere', { _tag: 'Hid', hidden: true }],
  ])('it does not draw while the user %s', (_, event) => {
    expect(asked(after(shown, event), trained(60_000))).toBeUndefined();
  });

  test('it does not draw on a hidden page, and draws the newest state when it is visible again', () => {
    const hidden = after(shown, { _tag: 'Hid', hidden: true });
    expect(asked(hidden, begun)).toBeUndefined();
    expect(asked(after(hidden, trained(9000)), { _tag: 'Rested', step: 1 })).toBeUndefined();
    expect(asked(after(hidden, trained(9000)), { _tag: 'Hid', hidden: false })).toMatchObject({ id: 1 });
    expect(asked(hidden, { _tag: 'Hid', hidden: false })).toBeUndefined();
  });

  test('it draws once more when training pauses, replacing the drawing in progress', () => {
    const rested: Event = { _tag: 'Rested', step: 3 };
    expect(asked(shown, rested)).toMatchObject({ id: 1 });
    expect(asked(after(shown, trained(4000)), rested)).toMatchObject({ id: 2 });
    expect(after(shown, { _tag: 'DrawPressed' }, rested).coming?.quietly).toBe(false);
    expect(asked(after(shown, { _tag: 'Scrubbed', index: 1 }), rested)).toBeUndefined();
  });
});

describe('the film from noise', () => {
  const shown = after(ready, ...wholly(0));

  test('is scrubbed back and forth; at its end new drawings are shown', () => {
    expect(indexOf(after(shown, { _tag: 'Scrubbed', index: 1 }))).toBe(1);
    const end = after(shown, { _tag: 'Scrubbed', index: 1 }, { _tag: 'Scrubbed', index: 4 });
    expect(end.index).toBeNull();
    expect(indexOf(end)).toBe(4);
  });

  test('is played from beginning to end, and may be stopped', () => {
    const playing = after(shown, { _tag: 'PlayToggled' });
    expect(indexOf(playing)).toBe(0);
    const later = after(playing, { _tag: 'Ticked', milliseconds: 2500 });
    expect(indexOf(later)).toBe(2);
    expect(after(later, { _tag: 'PlayToggled' })).toMatchObject({ playing: false, index: 2.5 });
    expect(after(later, { _tag: 'Ticked', milliseconds: 2500 })).toMatchObject({
      playing: false,
      index: null,
    });
  });

  test('cannot be played before it is complete', () => {
    const half = after(ready, ...wholly(0).slice(0, 3));
    expect(after(half, { _tag: 'PlayToggled' }).playing).toBe(false);
  });
});
