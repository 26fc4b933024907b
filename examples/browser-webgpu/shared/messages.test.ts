import { either as E } from 'fp-ts';
import type { NoisefoldError } from 'noisefold/dsl';
import { describe, expect, test } from 'vitest';
import { buffersOf, decodeReport, decodeRequest, type Plane, type Report, type Request } from './messages.js';
import { defaultSettings, settingsOf } from './settings.js';

const bytes = Uint8Array.of(1, 2);
const numbers = Float32Array.of(0.5, -1);

const requests: readonly (Request | Plane)[] = [
  { _tag: 'Start', settings: defaultSettings, folder: '/' },
  { _tag: 'LoadDigits' },
  { _tag: 'LoadNetwork' },
  { _tag: 'LoadFaces' },
  { _tag: 'Train', until: 900 },
  { _tag: 'Rest' },
  { _tag: 'Anew', seed: 3 },
  {
    _tag: 'Paint',
    id: 1,
    purpose: 'repair',
    part: 2,
    network: 'shipped',
    conditions: { label: [1, 10] },
    solver: 'ancestral',
    steps: 5,
    guidance: 0.5,
    seed: 2,
    known: { image: bytes, mask: bytes },
    from: null,
  },
  {
    _tag: 'Paint',
    id: 1,
    purpose: 'drawing',
    part: 0,
    network: 'own',
    conditions: { hair: [0], skin: [3] },
    solver: 'ddim',
    steps: 5,
    guidance: 0,
    seed: 2,
    known: null,
    from: { x: numbers, sigma: Infinity },
  },
  { _tag: 'Recognize', id: 4, x: numbers },
  { _tag: 'FindDigit', at: 0 },
  { _tag: 'Save' },
  { _tag: 'Keep' },
  { _tag: 'Open', name: 'a.safetensors', bytes },
  {
    _tag: 'Plane',
    training: 1,
    points: bytes,
    path: 'rectifiedFlow',
    predicts: 'velocity',
    steps: 5,
    seed: 1,
    until: 9,
  },
];

const reports: readonly Report[] = [
  { _tag: 'Works', backend: 'wasm', threads: 4, why: 'absent' },
  { _tag: 'Works', backend: 'webgpu', threads: null, why: null },
  { _tag: 'OneThread' },
  { _tag: 'DigitsLoaded' },
  { _tag: 'NetworkLoaded', name: null },
  { _tag: 'FacesLoaded' },
  { _tag: 'NetworkLoaded', name: 'checkpoint.safetensors' },
  { _tag: 'Begun', from: 'file', step: 3, goal: 900 },
  { _tag: 'Stepped', step: 0, loss: Number.NaN, milliseconds: 0.5 },
  { _tag: 'HeldOut', step: 0, loss: 1, trainingLoss: 0.5 },
  { _tag: 'NonFinite', step: 4 },
  { _tag: 'Rested', step: 5 },
  { _tag: 'Frame', id: 0, purpose: 'drawing', index: 0, of: 5, t: 999, image: bytes, guess: bytes },
  { _tag: 'Painted', id: 0, purpose: 'drawing', milliseconds: 12, evaluations: 400, x: numbers },
  { _tag: 'Recognized', id: 4, classes: [3, 1] },
  { _tag: 'Digit', image: bytes, label: 7 },
  { _tag: 'Saved', step: 5, bytes },
  { _tag: 'Kept', step: 5 },
  { _tag: 'Lost', step: 5, message: 'gone' },
  { _tag: 'Failed', doing: 'open', message: 'no' },
  { _tag: 'Dropped', id: 3, purpose: 'repair' },
  { _tag: 'KeptElsewhere' },
  { _tag: 'Replaced', step: 3, bytes },
  {
    _tag: 'PlaneFilm',
    of: 'exact',
    training: 1,
    updates: 0,
    milliseconds: 0.5,
    steps: 1,
    levels: [0, 1],
    frames: Float32Array.of(0.5),
  },
];

const messageOf = (result: E.Either<NoisefoldError, unknown>): string =>
  E.match(
    ({ message }: NoisefoldError) => message,
    () => 'accepted',
  )(result);

describe('messages', () => {
  test.each(requests)('of the page arrive unchanged: $_tag', (request) => {
    expect(decodeRequest(structuredClone(request))).toEqual(E.right(request));
  });

  test.each(reports)('of the worker arrive unchanged: $_tag', (report) => {
    expect(decodeReport(structuredClone(report))).toEqual(E.right(report));
  });

  test.each([
    [
      null,
      'a message of the page: expected one of Start, LoadDigits, LoadNetwork, LoadFaces, Train, Rest, Anew, Paint, Recognize, FindDigit, Save, Keep, Open, Plane, got undefined',
    ],
    [{ _tag: 'Dance' }, 'got "Dance"'],
    [{ _tag: 'Train', until: '3' }, 'a message of the page: Train: until: expected a whole number ≥ 0, got "3"'],
    [{ ...requests[7], conditions: { label: [-1] } }, 'Paint: conditions: expected a whole number ≥ 0, got -1'],
    [{ ...requests[7], conditions: 3 }, 'Paint: conditions: expected lists by name, got number'],
    [{ _tag: 'Rest', now: true }, 'a message of the page: Rest: expected no fields but , got "now"'],
    [{ _tag: 'Open', name: 'a', bytes: [1] }, 'Open: bytes: expected bytes, got object'],
    [{ ...requests.at(-1), steps: 3 }, 'Plane: steps: expected 1, 2, 5 or 25, got 3'],
  ])('of another form are refused: %j', (message, expected) => {
    expect(messageOf(decodeRequest(message))).toContain(expected);
  });

  test('transfer their bytes, each buffer once', () => {
    const frame: Report = {
      _tag: 'Frame',
      id: 0,
      purpose: 'drawing',
      index: 0,
      of: 5,
      t: 9,
      image: bytes,
      guess: bytes,
    };
    expect(buffersOf(frame)).toEqual([bytes.buffer]);
    expect(buffersOf({ ...frame, guess: bytes.slice() })).toHaveLength(2);
    expect(buffersOf({ _tag: 'Kept', step: 1 })).toEqual([]);
  });
});

describe('the address', () => {
  test('sets some settings, or none', () => {
    expect(settingsOf('')).toEqual(E.right(defaultSettings));
    expect(settingsOf('?goal=12&steps=5')).toEqual(E.right({ ...defaultSettings, goal: 12, steps: 5 }));
    expect(settingsOf('?backend=wasm&seed=3&recipe=tiny&threads=2')).toEqual(
      E.right({ ...defaultSettings, backend: 'wasm', recipe: 'tiny', seed: 3, threads: 2 }),
    );
  });

  test('of a shared link may have unrelated parameters, which change nothing', () => {
    expect(settingsOf('?utm_source=news&fbclid=x&__proto__=y&toString=z')).toEqual(E.right(defaultSettings));
    expect(settingsOf('?utm_source=news&goal=12&ref=a&steps=5')).toEqual(
      E.right({ ...defaultSettings, goal: 12, steps: 5 }),
    );
  });

  test.each([
    ['?backend=cuda', 'backend: expected auto, webgpu, wasm or portable, got "cuda"'],
    ['?seed=x', 'seed: expected a whole number ≥ 0'],
    ['?steps=500', 'steps: expected a whole number from 1 to 60, got 500'],
    ['?steps=0', 'steps: expected a whole number from 1 to 60, got 0'],
    ['?goal=', 'goal: expected a whole number ≥ 1, got 0'],
    ['?threads=0', 'threads: expected a whole number from 1 to 64, got 0'],
    ['?threads=65&utm_source=news', 'threads: expected a whole number from 1 to 64, got 65'],
  ])('with an invalid setting is an error: %s', (query, expected) => {
    expect(messageOf(settingsOf(query))).toContain(expected);
  });
});
