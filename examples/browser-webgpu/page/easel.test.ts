import { describe, expect, test } from 'vitest';
import { AREA, CLASSES, SIDE } from '../shared/extent.js';
import { blank } from './drawing.js';
import { bare, type Easel, repaired, WAYS } from './easel.js';
import type { Effect, Event } from './event.js';

const turn = (state: Easel, event: Event) => repaired(state, event, blank);
const after = (state: Easel, ...events: readonly Event[]): Easel =>
  events.reduce((before, event) => turn(before, event)[0], state);

const begun: Event = { _tag: 'Begun', from: 'noise', step: 0, goal: 9 };
const digit: Event = { _tag: 'Digit', image: new Uint8Array(AREA).fill(9), label: 7 };
const middle: Event = { _tag: 'RegionChosen', region: 'middle' };
const fill: Event = { _tag: 'FillPressed' };
const ready = after(bare, begun, digit, middle);

const asked = (state: Easel, event: Event): readonly Effect[] => turn(state, event)[1];

describe('a repair', () => {
  test('begins with a digit, which is requested once the digits are loaded', () => {
    expect(asked(bare, begun)).toEqual([]);
    expect(asked(bare, { _tag: 'DigitsLoaded' })).toEqual([{ _tag: 'Post', request: { _tag: 'FindDigit', at: 0 } }]);
    expect(asked(ready, { _tag: 'DigitsLoaded' })).toEqual([]);
    expect(asked(after(bare, { _tag: 'DigitsLoaded' }), { _tag: 'DigitAsked' })).toMatchObject([
      { request: { at: 1 } },
    ]);
  });

  test('requests several ways to fill in the erased part, with the sliders of the drawing', () => {
    expect(asked(ready, fill)).toMatchObject([
      {
        request: {
          _tag: 'Paint',
          purpose: 'repair',
          labels: Array.from({ length: WAYS }, () => 7),
          steps: blank.steps,
          guidance: blank.guidance,
          known: { image: ready.image, mask: ready.mask },
        },
      },
    ]);
  });

  test('may be for another class, or for any class', () => {
    const labelsAs = (as: 'any' | number) => asked(after(ready, { _tag: 'FillAsSet', as }), fill);
    expect(labelsAs(3)).toMatchObject([{ request: { labels: [3, 3, 3, 3] } }]);
    expect(labelsAs('any')).toMatchObject([{ request: { labels: [CLASSES, CLASSES, CLASSES, CLASSES] } }]);
  });

  test('has new noise each time', () => {
    const seedOf = (state: Easel) => {
      const [effect] = asked(state, fill);
      return effect?._tag === 'Post' && effect.request._tag === 'Paint' ? effect.request.seed : undefined;
    };
    expect(seedOf(after(ready, fill))).not.toBe(seedOf(ready));
  });

  test.each<[string, Easel]>([
    ['nothing is erased', after(ready, { _tag: 'RegionChosen', region: 'none' })],
    ['there is no digit', after(bare, begun, middle)],
    ['there is no network', after(ready, { _tag: 'Crashed', message: '' })],
  ])('is not requested if %s', (_, state) => {
    expect(asked(state, fill)).toEqual([]);
  });

  test('is shown as it arrives, and ends when it is complete or fails', () => {
    const image = Uint8Array.of(1);
    const frame: Event = {
      _tag: 'Frame',
      id: 0,
      purpose: 'repair',
      index: 0,
      of: 8,
      t: 9,
      image,
      guess: image,
    };
    const painting = after(ready, fill, frame);
    expect(painting).toMatchObject({ painting: true, film: { of: 8, stills: [{ image }] } });
    expect(
      after(painting, { _tag: 'Painted', id: 0, purpose: 'repair', milliseconds: 1, x: new Float32Array() }).painting,
    ).toBe(false);
    expect(after(painting, { _tag: 'Failed', doing: 'repair', message: '' }).painting).toBe(false);
  });

  test('that was dropped can be requested again', () => {
    const painting = after(ready, fill);
    const dropped = (id: number): Event => ({ _tag: 'Dropped', id, purpose: 'repair' });
    expect(after(painting, dropped(0))).toMatchObject({ painting: false, film: null });
    expect(asked(after(painting, dropped(0)), fill)).toMatchObject([{ request: { id: 1 } }]);
    expect(after(painting, fill, dropped(0))).toMatchObject({ painting: true, film: { id: 1 } });
  });

  test('continues with one of its results, with the same mask', () => {
    const image = new Uint8Array(AREA).fill(5);
    const next = after(ready, fill, { _tag: 'DigitPicked', image, label: 7 });
    expect(next).toMatchObject({ image, film: null, mask: ready.mask });
  });
});

describe('the brush', () => {
  test('of the keyboard moves pixel by pixel, stays inside the image, and erases at its position', () => {
    const left = Array.from({ length: 40 }, (): Event => ({ _tag: 'CursorMoved', by: { x: -1, y: 0 } }));
    const edge = after({ ...ready, radius: 0.5 }, { _tag: 'RegionChosen', region: 'none' }, ...left, {
      _tag: 'CursorUsed',
    });
    expect(edge.cursor.x).toBe(0.5);
    expect(edge.mask.indexOf(1) % SIDE).toBe(0);
    expect(edge.mask.filter((m) => m === 1)).toHaveLength(1);
  });

  test('removes the mask in restore mode', () => {
    const all = after(ready, { _tag: 'RegionChosen', region: 'all' }, { _tag: 'EraserToggled' });
    const place = { x: 3.5, y: 3.5 };
    const { mask } = after(all, { _tag: 'Brushed', from: place, to: place });
    expect(mask[3 * SIDE + 3]).toBe(0);
    expect(mask[20 * SIDE + 20]).toBe(1);
  });
});
