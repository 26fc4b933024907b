import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { noising as built } from '../build/noising.js';
import { AREA, CLASSES, SIDE } from '../shared/extent.js';
import type { Paint } from '../shared/messages.js';
import { digitIn } from '../shared/noising.js';
import { blank } from './drawing.js';
import { bare, type Easel, repaired, WAYS } from './easel.js';
import type { Effect, Event } from './event.js';
import { absent, type Shipped } from './network.js';
import { type Noising, plain } from './noising.js';

const file = Uint8Array.from(gunzipSync(built())).buffer;
const noising: Noising = { ...plain, file };
/** One's own network, which is ready. */
const own: Shipped = { ...absent, employed: true, ready: true, chosen: 'own' };

const turn = (state: Easel, event: Event) => repaired(state, event, blank, own, noising);
const after = (state: Easel, ...events: readonly Event[]): Easel =>
  events.reduce((before, event) => turn(before, event)[0], state);

const begun: Event = { _tag: 'Begun', from: 'noise', step: 0, goal: 9 };
const digit: Event = { _tag: 'Digit', image: new Uint8Array(AREA).fill(9), label: 7 };
const middle: Event = { _tag: 'RegionChosen', region: 'middle' };
const fill: Event = { _tag: 'FillPressed' };
const ready = after(bare, begun, digit, middle);

const asked = (state: Easel, event: Event): readonly Effect[] => turn(state, event)[1];

describe('a repair', () => {
  test('begins with the digit of the first figure; others are requested', () => {
    expect(after(bare, { _tag: 'NoisingLoaded', file })).toMatchObject({ image: digitIn(file, 2), label: 2 });
    expect(after(ready, { _tag: 'NoisingLoaded', file })).toMatchObject({ label: 7 });
    expect(asked(bare, { _tag: 'DigitAsked' })).toEqual([{ _tag: 'Post', request: { _tag: 'FindDigit', at: 0 } }]);
    expect(asked(after(bare, { _tag: 'DigitAsked' }), { _tag: 'DigitAsked' })).toMatchObject([{ request: { at: 1 } }]);
  });

  test('requests several ways to fill in the erased part, with the sliders of the drawing', () => {
    expect(asked(ready, fill)).toMatchObject([
      {
        request: {
          _tag: 'Paint',
          purpose: 'repair',
          conditions: { label: Array.from({ length: WAYS }, () => 7) },
          steps: blank.steps,
          guidance: blank.guidance,
          known: { image: ready.image, mask: ready.mask },
        },
      },
    ]);
  });

  test('may be for another class, or for any class', () => {
    const labelsAs = (as: 'any' | number) => asked(after(ready, { _tag: 'FillAsSet', as }), fill);
    expect(labelsAs(3)).toMatchObject([{ request: { conditions: { label: [3, 3, 3, 3] } } }]);
    expect(labelsAs('any')).toMatchObject([
      { request: { conditions: { label: [CLASSES, CLASSES, CLASSES, CLASSES] } } },
    ]);
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
  ])('is not requested if %s', (_, state) => {
    expect(asked(state, fill)).toEqual([]);
  });

  test('is not requested if there is no network', () => {
    expect(repaired(ready, fill, blank, absent, noising)[1]).toEqual([]);
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
      after(painting, {
        _tag: 'Painted',
        id: 0,
        purpose: 'repair',
        milliseconds: 1,
        evaluations: 1,
        x: new Float32Array(),
      }).painting,
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

describe('a change', () => {
  const requestOf = (state: Easel): Paint => {
    const [effect] = asked(state, { _tag: 'ChangePressed' });
    if (effect?._tag !== 'Post' || effect.request._tag !== 'Paint') throw new Error('no request');
    return effect.request;
  };

  test('begins at the image with noise of its strength, another one for each result', () => {
    const { known, conditions, from } = requestOf(after(ready, { _tag: 'StrengthSet', t: 300 }));
    expect([known, conditions]).toEqual([null, { label: Array.from({ length: WAYS }, () => 7) }]);
    // the cosine schedule at 300 of 1000
    expect(from!.sigma).toBeCloseTo(Math.tan(0.15 * Math.PI), 1);
    expect(from!.x).toHaveLength(WAYS * AREA);
    const [alpha, sigma] = [Math.cos(0.15 * Math.PI), Math.sin(0.15 * Math.PI)];
    const noise = Array.from(from!.x, (x) => (x - alpha * (9 / 127.5 - 1)) / sigma);
    const variance = noise.reduce((sum, n) => sum + n * n, 0) / noise.length;
    expect(Math.abs(variance - 1)).toBeLessThan(6 * Math.sqrt(2 / noise.length) + 0.05);
    const [first, second] = [from!.x.slice(0, AREA), from!.x.slice(AREA, 2 * AREA)];
    expect(first).not.toEqual(second);
  });

  test('of a drawing on new paper is of any digit', () => {
    const place = { x: 14.5, y: 14.5 };
    const drawn = after(ready, { _tag: 'PaperPressed' }, { _tag: 'Brushed', from: place, to: place });
    expect(drawn.image![14 * SIDE + 14]).toBe(255);
    expect(drawn.image!.filter((ink) => ink > 0).length).toBeLessThan(10);
    expect(drawn.mask.includes(1)).toBe(false);
    expect(requestOf(drawn).conditions).toEqual({ label: Array.from({ length: WAYS }, () => CLASSES) });
  });
});

describe('the brush', () => {
  test('erases, restores or draws', () => {
    const tools = (...events: readonly Event[]) => {
      const { erasing, inking } = after(ready, ...events);
      return [erasing, inking];
    };
    expect(tools({ _tag: 'EraserToggled' })).toEqual([true, false]);
    expect(tools({ _tag: 'EraserToggled' }, { _tag: 'InkToggled' })).toEqual([false, true]);
    expect(tools({ _tag: 'InkToggled' }, { _tag: 'EraserToggled' })).toEqual([true, false]);
    expect(tools({ _tag: 'InkToggled' }, { _tag: 'InkToggled' })).toEqual([false, false]);
  });

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
